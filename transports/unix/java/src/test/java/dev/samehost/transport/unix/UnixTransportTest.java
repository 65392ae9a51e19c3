package dev.samehost.transport.unix;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.Transports;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UnixTransportTest {
  @TempDir Path folder;

  @Test
  void carries_bytes_both_ways_and_tells_who_the_peer_is() throws Exception {
    Address address = new Address("unix", folder.resolve("s").toString());
    BlockingQueue<Link> accepted = new LinkedBlockingQueue<>();
    Transport transport = Transports.find(address);
    try (Listener listener = transport.listener(address, TransportOptions.NONE);
        Connector connector = transport.connector(address, TransportOptions.NONE)) {
      listener.start(
          new Listener.Acceptor() {
            @Override
            public Listener.FirstBytes judge(ByteBuffer bytes) {
              return Listener.FirstBytes.YES;
            }

            @Override
            public void accepted(Link link) {
              accepted.add(link);
            }

            @Override
            public void refused(LinkException why) {
              throw new AssertionError(why);
            }

            @Override
            public ByteBuffer farewell(LinkException why) {
              throw new AssertionError(why);
            }

            @Override
            public void ended(LinkException why) {
              throw new AssertionError(why);
            }
          });
      Link near = connector.connect(TimeUnit.SECONDS.toNanos(5));
      assertThat(near.write(ByteBuffer.wrap("hello".getBytes(UTF_8)))).isEqualTo(5);
      Link far = accepted.poll(10, TimeUnit.SECONDS);
      ByteBuffer bytes = ByteBuffer.allocate(10);
      assertThat(far.await(Link.READ, Link.FOREVER)).isEqualTo(Link.READ);
      assertThat(far.read(bytes)).isEqualTo(5);
      assertThat(far.write(ByteBuffer.wrap("you".getBytes(UTF_8)))).isEqualTo(3);
      assertThat(near.await(Link.READ, Link.FOREVER)).isEqualTo(Link.READ);
      assertThat(near.read(bytes.clear())).isEqualTo(3);
      assertThat(near.peer().processId().getAsLong()).isEqualTo(ProcessHandle.current().pid());
      assertThat(far.peer()).isEqualTo(near.peer());
      near.close();
      assertThat(far.await(Link.READ, Link.FOREVER)).isEqualTo(Link.READ);
      assertThat(far.read(bytes)).isEqualTo(-1);
      far.close();
    }
    assertThat(folder.toFile().list()).asList().containsExactly("s.lock");
  }
}
