package dev.samehost.transport.shm;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.reception.Answer;
import dev.samehost.transport.reception.Offer;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import dev.samehost.transport.unix.UnixOptions;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a server makes of an offer, of the verdict on its answer, and of what comes then. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class ShmOfferTest {
  private static final int RING_BYTES = 64 << 10;

  @TempDir Path folder;

  private final RecordingAcceptor acceptor = new RecordingAcceptor();
  private Address address;
  private Listener listener;
  private Connector connector;

  private void start(TransportOptions options) throws LinkException {
    address = new Address("shm", folder.resolve("s").toString());
    listener = new ShmTransport().listener(address, options);
    connector = new ShmTransport().connector(address, options);
    listener.start(acceptor);
  }

  @AfterEach
  void stop() {
    listener.close();
    connector.close();
  }

  private Link connect() throws LinkException {
    return connector.connect(Bytes.PATIENCE_NANOS);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  /** The answer to an offer, which comes in pieces of so many bytes. */
  private Answer answerTo(Offer offer, int piece) throws IOException {
    try (SocketChannel socket =
        SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("s")))) {
      ByteBuffer source = offer.encode();
      for (int at = 0; at < Offer.WORDS_BYTES; at += piece) {
        assertThat(socket.write(source.slice(at, piece))).isEqualTo(piece);
      }
      ByteBuffer answer = ByteBuffer.allocate(2048);
      while (Answer.decode(answer.duplicate().flip()).kind() != Answer.Kind.WHOLE) {
        assertThat(socket.read(answer)).isGreaterThan(0);
      }
      return Answer.decode(answer.flip()).answer();
    }
  }

  @Test
  void an_offer_of_no_version_is_refused_and_one_of_a_later_version_is_taken() throws Exception {
    start(ShmFixture.STRICT);
    String reason = Fault.SHM_VERSION.text(1, 0);
    assertThat(answerTo(new Offer(0, RING_BYTES), 16)).isEqualTo(Answer.refused(0, reason));
    assertThat(answerTo(new Offer(9, RING_BYTES), 16)).isEqualTo(Answer.accepted(RING_BYTES));
  }

  @Test
  void a_server_gives_no_larger_rings_than_its_own_option_says() throws Exception {
    start(ShmFixture.STRICT);
    assertThat(answerTo(new Offer(1, 1 << 25), 16)).isEqualTo(Answer.accepted(RING_BYTES));
  }

  @Test
  void an_offer_may_come_byte_by_byte() throws Exception {
    start(ShmFixture.STRICT);
    assertThat(answerTo(new Offer(1, RING_BYTES), 1)).isEqualTo(Answer.accepted(RING_BYTES));
  }

  @Test
  void a_client_that_says_no_goes_on_over_the_socket_with_what_it_sent_along() throws Exception {
    start(ShmFixture.STRICT);
    try (RawClient raw = RawClient.offer(address)) {
      raw.say(bytes("\u0015" + RecordingAcceptor.GREETING + "more"));
      try (Link link = acceptor.nextAccepted()) {
        byte[] expected = bytes(RecordingAcceptor.GREETING + "more");
        assertThat(Bytes.read(link, expected.length)).isEqualTo(expected);
        assertThat(link.medium()).isEmpty();
      }
    }
  }

  @Test
  void a_verdict_that_is_none_ends_the_connection() throws Exception {
    start(ShmFixture.STRICT);
    try (RawClient raw = RawClient.offer(address)) {
      raw.say(bytes("?"));
      assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.MALFORMED);
    }
  }

  @Test
  void a_second_offer_is_nonsense() throws Exception {
    start(ShmFixture.STRICT);
    try (RawClient raw = RawClient.offer(address)) {
      raw.say(bytes("\u0015\u00f6SHM\u0001\0\0\0\0\0\1\0\0\0\0\0"));
      assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_NONSENSE);
    }
  }

  @Test
  void first_bytes_through_the_memory_are_judged_like_any_others() throws Exception {
    start(ShmFixture.STRICT);
    try (Link link = connect()) {
      Bytes.write(link, bytes("220 mail"));
      assertThat(Bytes.readToEnd(link)).isEqualTo(bytes(RecordingAcceptor.FAREWELL));
    }
    assertThat(acceptor.nextRefused())
        .hasMessageThat()
        .contains("its first bytes are \"220 mail\"");
    try (Link slow = connect()) {
      for (byte each : bytes(RecordingAcceptor.GREETING)) {
        Bytes.write(slow, new byte[] {each});
      }
      acceptor.nextAccepted().close();
    }
    connect().close();
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_GONE_BEFORE_HELLO);
  }

  @Test
  void one_who_takes_the_memory_and_says_nothing_is_turned_away_in_time() throws Exception {
    start(ShmFixture.STRICT.with(UnixOptions.HELLO_TIMEOUT, Duration.ofSeconds(2)));
    try (RawClient raw = RawClient.taken(address)) {
      assertThat(acceptor.nextRefused())
          .hasMessageThat()
          .isEqualTo(Fault.PEER_SILENT.text(address, "2"));
      ByteBuffer said = ByteBuffer.allocate(100);
      assertThat(new RingReader(Side.ACCEPTOR).read(raw.region(), said)).isGreaterThan(0);
      assertThat(ISO_8859_1.decode(said.flip()).toString()).isEqualTo(RecordingAcceptor.FAREWELL);
    }
  }

  @Test
  void what_was_sent_right_behind_the_verdict_is_only_a_bell() throws Exception {
    start(ShmFixture.STRICT);
    try (RawClient raw = RawClient.offer(address)) {
      raw.say(new byte[] {Offer.ACK, 1, 1, 1});
    }
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_GONE_BEFORE_HELLO);
    TransportContractTest.link(connector, acceptor).close();
  }

  @Test
  @EnabledOnOs(OS.LINUX) // others do not say what is mapped
  void a_listener_that_is_closed_while_it_accepts_leaves_no_memory_behind() throws Exception {
    start(ShmFixture.STRICT);
    listener.close();
    listener = new ShmTransport().listener(address, ShmFixture.STRICT);
    CountDownLatch judged = new CountDownLatch(1);
    Listener.Acceptor closing =
        new Listener.Acceptor() {
          @Override
          public Listener.FirstBytes judge(ByteBuffer bytes) {
            listener.close(); // as another thread may at this very moment
            judged.countDown();
            return Listener.FirstBytes.YES;
          }

          @Override
          public void accepted(Link link, ByteBuffer first) {
            acceptor.accepted(link, first);
          }

          @Override
          public void refused(LinkException why) {}

          @Override
          public ByteBuffer farewell(LinkException why) {
            return ByteBuffer.allocate(0);
          }

          @Override
          public void ended(LinkException why) {}
        };
    listener.start(closing);
    try (RawClient raw = RawClient.taken(address)) {
      new RingWriter(Side.CONNECTOR).write(raw.region(), ByteBuffer.wrap(bytes("hello")));
      raw.say((byte) 1);
      judged.await();
    }
    long start = System.nanoTime();
    while (Files.readString(Path.of("/proc/self/maps")).contains("memfd:samehost")) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(20));
      Thread.sleep(5);
    }
    assertThat(acceptor.isEmpty()).isTrue();
  }
}
