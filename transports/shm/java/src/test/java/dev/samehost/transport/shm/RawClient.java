package dev.samehost.transport.shm;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.samehost.transport.Address;
import dev.samehost.transport.Link;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Poll;
import dev.samehost.transport.posix.Rights;
import dev.samehost.transport.reception.Answer;
import dev.samehost.transport.reception.Offer;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.unix.UnixConnector;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A client by hand, which does with the memory what no client may. */
final class RawClient implements AutoCloseable {
  private final Fd socket;
  private final List<Fd> received = new ArrayList<>();

  /** Null until it was accepted. */
  private Region region;

  private RawClient(Fd socket) {
    this.socket = socket;
  }

  /** One that has offered, and has its answer. */
  static RawClient offer(Address address) throws Exception {
    UnixConnector connector = UnixConnector.toPath(address, TransportOptions.NONE);
    RawClient client = new RawClient(connector.dial(Bytes.PATIENCE_NANOS).socket());
    Rights.send(client.socket.number(), new Offer(Offer.VERSION, 64 << 10).encode());
    ByteBuffer answer = ByteBuffer.allocateDirect(16);
    Poll poll = new Poll();
    poll.set(0, client.socket.number(), Poll.READABLE);
    assertThat(poll.run(Bytes.PATIENCE_NANOS)).isEqualTo(1);
    assertThat(Rights.receive(client.socket.number(), answer, client.received)).isEqualTo(16);
    assertThat(Answer.decode(answer.flip()).answer()).isEqualTo(Answer.accepted(64 << 10));
    return client;
  }

  /** One that has taken the memory. */
  static RawClient taken(Address address) throws Exception {
    RawClient client = offer(address);
    client.region = Region.adopt(client.received.get(0), 64 << 10);
    client.say(Offer.ACK);
    return client;
  }

  /** Says something on the socket. */
  void say(byte... said) throws Exception {
    Rights.send(socket.number(), ByteBuffer.allocateDirect(said.length).put(0, said));
  }

  Region region() {
    return region;
  }

  /** Is accepted by its first bytes, and answers the server's end, which has read them. */
  Link accepted(RecordingAcceptor acceptor) throws Exception {
    byte[] greeting = RecordingAcceptor.GREETING.getBytes(ISO_8859_1);
    new RingWriter(Side.CONNECTOR).write(region, ByteBuffer.wrap(greeting));
    say((byte) 1);
    Link link = acceptor.nextAccepted();
    assertThat(Bytes.read(link, greeting.length)).isEqualTo(greeting);
    return link;
  }

  /** As the system does with one that is killed: no word of farewell. */
  @Override
  public void close() {
    socket.close();
    received.forEach(Fd::close);
    if (region != null) {
      region.close();
    }
  }
}
