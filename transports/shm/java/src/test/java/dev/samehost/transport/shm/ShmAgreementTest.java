package dev.samehost.transport.shm;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.reception.Answer;
import dev.samehost.transport.reception.Offer;
import dev.samehost.transport.reception.Upgrade;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import dev.samehost.transport.unix.UnixTransport;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a client makes of the answer to its offer. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class ShmAgreementTest {
  private static final int RING_BYTES = 64 << 10;
  private static final TransportOptions LENIENT =
      TransportOptions.NONE.with(ShmOptions.RING_BYTES, RING_BYTES);

  @TempDir Path folder;

  private final RecordingAcceptor acceptor = new RecordingAcceptor();

  @AfterEach
  void restoreMemory() {
    ReplaceableMemory.restore();
  }

  private Address address(String scheme) {
    return new Address(scheme, folder.resolve("s").toString());
  }

  private static void assertTheyTalk(LinkEnds ends) throws LinkException {
    Bytes.write(ends.near(), new byte[] {1, 2});
    assertThat(Bytes.read(ends.far(), 2)).isEqualTo(new byte[] {1, 2});
    Bytes.write(ends.far(), new byte[] {3});
    assertThat(Bytes.read(ends.near(), 1)).isEqualTo(new byte[] {3});
  }

  private static LinkException refusal(Connector connector) {
    return assertThrows(LinkException.class, () -> connector.connect(Bytes.PATIENCE_NANOS));
  }

  @Test
  void one_address_serves_clients_of_both_schemes() throws Exception {
    for (Transport serving : List.of(new ShmTransport(), new UnixTransport())) {
      try (Listener listener = serving.listener(address(serving.scheme()), LENIENT)) {
        listener.start(acceptor);
        for (Transport calling : List.of(new ShmTransport(), new UnixTransport())) {
          String medium =
              calling.scheme().equals("shm") ? "shared memory, 65536 bytes each way" : "";
          try (Connector connector =
                  calling.connector(address(calling.scheme()), ShmFixture.STRICT);
              LinkEnds ends = TransportContractTest.link(connector, acceptor)) {
            assertThat(ends.near().medium()).isEqualTo(medium);
            assertThat(ends.far().medium()).isEqualTo(medium);
            assertTheyTalk(ends);
          }
        }
      }
    }
  }

  /** A client that is not strict goes on over the socket and says why; a strict one fails. */
  private void assertOnTheSocketBecause(String reason) throws Exception {
    Address address = address("shm");
    try (Listener listener = new ShmTransport().listener(address, LENIENT);
        Connector lenient = new ShmTransport().connector(address, LENIENT);
        Connector strict = new ShmTransport().connector(address, ShmFixture.STRICT)) {
      listener.start(acceptor);
      try (LinkEnds ends = TransportContractTest.link(lenient, acceptor)) {
        assertThat(ends.near().medium()).isEqualTo(Fault.SHM_FALLBACK.text(address, reason));
        assertThat(ends.far().medium()).isEmpty();
        assertTheyTalk(ends);
      }
      LinkException refusal = refusal(strict);
      assertThat(refusal.fault()).isEqualTo(Fault.SHM_STRICT);
      assertThat(refusal).hasMessageThat().isEqualTo(Fault.SHM_STRICT.text(address, reason));
    }
  }

  @Test
  void a_server_that_gets_no_memory_says_why_and_the_socket_goes_on() throws Exception {
    Upgrade refusing =
        (offer, options) -> {
          throw new SystemCallException("memfd_create", Errno.EMFILE.number());
        };
    ReplaceableMemory.replace(refusing);
    assertOnTheSocketBecause("the server's memfd_create failed: Too many open files (EMFILE)");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void memory_that_could_be_cut_off_is_not_taken() throws Exception {
    ReplaceableMemory.replace(new BadMemory(false, Side.regionBytes(RING_BYTES)));
    assertOnTheSocketBecause(Fault.SHM_UNUSABLE.text("is not sealed, so that it could be cut off"));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void memory_of_another_size_than_was_agreed_on_is_not_taken() throws Exception {
    for (int wrong : new int[] {-1, 1}) {
      ReplaceableMemory.replace(new BadMemory(true, Side.regionBytes(RING_BYTES) + wrong));
      assertOnTheSocketBecause(Fault.SHM_UNUSABLE.text("has another size than was agreed on"));
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void memory_that_does_not_begin_as_it_must_is_not_taken() throws Exception {
    ReplaceableMemory.replace(new BadMemory(true, Side.regionBytes(RING_BYTES)));
    assertOnTheSocketBecause(Fault.SHM_UNUSABLE.text("does not begin as it must"));
  }

  // ---- servers by hand

  private ServerSocketChannel serverByHand() throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    return server.bind(UnixDomainSocketAddress.of(folder.resolve("s")));
  }

  /** Has one client answered with these bytes, after its offer was read. */
  private static FutureTask<SocketChannel> answering(ServerSocketChannel server, ByteBuffer bytes) {
    FutureTask<SocketChannel> answering =
        new FutureTask<>(
            () -> {
              SocketChannel socket = server.accept();
              ByteBuffer offer = ByteBuffer.allocate(Offer.WORDS_BYTES);
              while (offer.hasRemaining() && socket.read(offer) >= 0) {}
              assertThat(Offer.decode(offer.flip())).isEqualTo(new Offer(1, RING_BYTES));
              while (bytes.hasRemaining()) {
                socket.write(bytes);
              }
              return socket;
            });
    new Thread(answering).start();
    return answering;
  }

  @Test
  void a_server_without_shared_memory_says_so_and_the_socket_goes_on() throws Exception {
    Address address = address("shm");
    String reason = Fault.SHM_NOT_SERVED.text();
    try (ServerSocketChannel server = serverByHand();
        Connector connector = new ShmTransport().connector(address, LENIENT)) {
      ByteBuffer refusal = Answer.refused(0, reason).encode();
      FutureTask<SocketChannel> answering = answering(server, refusal);
      try (Link link = connector.connect(Bytes.PATIENCE_NANOS);
          SocketChannel socket = answering.get()) {
        assertThat(link.medium()).isEqualTo(Fault.SHM_FALLBACK.text(address, reason));
        // A refusal gets no verdict: what comes next is the link's first byte.
        Bytes.write(link, new byte[] {7});
        ByteBuffer first = ByteBuffer.allocate(1);
        assertThat(socket.read(first)).isEqualTo(1);
        assertThat(first.get(0)).isEqualTo(7);
      }
    }
  }

  @Test
  void a_stranger_who_answers_something_else_is_read_by_whoever_can_name_it() throws Exception {
    try (ServerSocketChannel server = serverByHand();
        Connector connector = new ShmTransport().connector(address("shm"), LENIENT)) {
      ByteBuffer nonsense = ISO_8859_1.encode("HTTP/1.1 400 Bad Request\r\n");
      FutureTask<SocketChannel> answering = answering(server, nonsense);
      try (Link link = connector.connect(Bytes.PATIENCE_NANOS);
          SocketChannel socket = answering.get()) {
        assertThat(socket.isOpen()).isTrue();
        assertThat(new String(Bytes.read(link, 8), ISO_8859_1)).isEqualTo("HTTP/1.1");
      }
    }
  }

  @Test
  void an_answer_that_accepts_without_memory_is_not_taken() throws Exception {
    Address address = address("shm");
    try (ServerSocketChannel server = serverByHand();
        Connector connector = new ShmTransport().connector(address, ShmFixture.STRICT)) {
      FutureTask<SocketChannel> answering = answering(server, Answer.accepted(RING_BYTES).encode());
      String reason = Fault.SHM_UNUSABLE.text("did not come with the answer");
      assertThat(refusal(connector))
          .hasMessageThat()
          .isEqualTo(Fault.SHM_STRICT.text(address, reason));
      try (SocketChannel socket = answering.get()) {
        ByteBuffer verdict = ByteBuffer.allocate(1);
        assertThat(socket.read(verdict)).isEqualTo(1);
        assertThat(verdict.get(0)).isEqualTo(Offer.NAK);
      }
    }
  }

  @Test
  void a_server_that_never_answers_is_told_after_the_timeout() throws Exception {
    try (ServerSocketChannel server = serverByHand();
        Connector connector = new ShmTransport().connector(address("shm"), LENIENT)) {
      assertThat(server.isOpen()).isTrue();
      LinkException failure =
          assertThrows(
              LinkException.class, () -> connector.connect(TimeUnit.MILLISECONDS.toNanos(100)));
      assertThat(failure.fault()).isEqualTo(Fault.PEER_SILENT);
    }
  }

  @Test
  void a_close_ends_the_wait_for_a_server_that_never_answers() throws Exception {
    try (ServerSocketChannel server = serverByHand();
        Connector connector = new ShmTransport().connector(address("shm"), LENIENT)) {
      FutureTask<LinkException> connecting = new FutureTask<>(() -> refusal(connector));
      new Thread(connecting).start();
      try (SocketChannel socket = server.accept()) {
        assertThat(socket.isOpen()).isTrue();
        connector.close();
        LinkException failure = connecting.get(60, TimeUnit.SECONDS);
        assertThat(failure.fault()).isEqualTo(Fault.CHANNEL_SHUTDOWN);
      }
    }
  }
}
