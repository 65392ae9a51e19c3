package dev.samehost.transport.tcp;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.Sockets;
import dev.samehost.transport.posix.SystemCalls;
import dev.samehost.transport.testkit.Bytes;
import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The calling side, where there is no server, no host, or no answer. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class TcpConnectorTest {
  private static Connector connector(String address) throws LinkException {
    return new TcpTransport().connector(Address.parse(address), TransportOptions.NONE);
  }

  private static LinkException failure(String address, long timeoutNanos) throws LinkException {
    try (Connector connector = connector(address)) {
      return assertThrows(LinkException.class, () -> connector.connect(timeoutNanos));
    }
  }

  @Test
  void a_closed_port_is_told_with_what_refused() throws Exception {
    String endpoint = "127.0.0.1:" + TcpFixture.closedPort();
    assertThat(failure("tcp:" + endpoint, Bytes.PATIENCE_NANOS))
        .hasMessageThat()
        .isEqualTo(Fault.CONNECT_PORT_CLOSED.text("tcp:" + endpoint, endpoint));
  }

  @Test
  void every_address_of_a_name_is_tried_and_all_that_refused_are_told() throws Exception {
    InetAddress[] found = InetAddress.getAllByName("localhost");
    InetAddress last =
        Arrays.stream(found).max(Comparator.comparing(one -> one.getAddress().length)).get();
    ServerSocket server = new ServerSocket(0, 5, last);
    String address = "tcp:localhost:" + server.getLocalPort();
    try (Connector connector = connector(address)) {
      // Where the name has two addresses, nobody listens at the first.
      connector.connect(Bytes.PATIENCE_NANOS).close();
    }
    server.accept().close();
    server.close();
    LinkException failure = failure(address, Bytes.PATIENCE_NANOS);
    assertThat(failure.fault()).isEqualTo(Fault.CONNECT_PORT_CLOSED);
    for (InetAddress one : found) {
      assertThat(failure)
          .hasMessageThat()
          .contains(Place.show(new InetSocketAddress(one, server.getLocalPort())));
    }
  }

  @Test
  void an_unknown_name_is_told() throws Exception {
    assertThat(failure("tcp:no-such-host.invalid:4000", Bytes.PATIENCE_NANOS))
        .hasMessageThat()
        .isEqualTo(
            Fault.HOST_UNKNOWN.text("tcp:no-such-host.invalid:4000", "no-such-host.invalid"));
  }

  /** Fills the queue of a server that accepts nobody, so that the next one is not answered. */
  private static List<SocketChannel> fillQueue(ServerSocket server) throws Exception {
    List<SocketChannel> waiting = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      SocketChannel one = SocketChannel.open();
      one.configureBlocking(false);
      one.connect(server.getLocalSocketAddress());
      waiting.add(one);
    }
    return waiting;
  }

  private static void closeAll(List<SocketChannel> channels) throws Exception {
    for (SocketChannel one : channels) {
      one.close();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX) // others refuse when a queue is full
  void a_server_that_does_not_answer_is_told_after_the_timeout() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<SocketChannel> waiting = fillQueue(server);
      String endpoint = "127.0.0.1:" + server.getLocalPort();
      assertThat(failure("tcp:" + endpoint, 250_000_000))
          .hasMessageThat()
          .isEqualTo(Fault.CONNECT_UNANSWERED.text("tcp:" + endpoint, endpoint, "0.25"));
      closeAll(waiting);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void closing_ends_a_connect_in_progress_and_every_later_one() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<SocketChannel> waiting = fillQueue(server);
      Connector connector = connector("tcp:127.0.0.1:" + server.getLocalPort());
      FutureTask<LinkException> waiter =
          new FutureTask<>(
              () ->
                  assertThrows(LinkException.class, () -> connector.connect(Bytes.PATIENCE_NANOS)));
      new Thread(waiter).start();
      // Long enough for it to be in progress, on most machines.
      Thread.sleep(200);
      connector.close();
      connector.close();
      assertThat(waiter.get(120, TimeUnit.SECONDS).fault()).isEqualTo(Fault.CHANNEL_SHUTDOWN);
      assertThat(assertThrows(LinkException.class, () -> connector.connect(1)).fault())
          .isEqualTo(Fault.CHANNEL_SHUTDOWN);
      closeAll(waiting);
    }
  }

  @Test
  void an_address_to_which_there_is_no_way_is_told_with_the_systems_reason() throws Exception {
    // An address of the discard-only prefix: nobody has a way to it, or what is sent is dropped.
    Address address = Address.parse("tcp:[100::1]:4000");
    TransportOptions options = TransportOptions.NONE.with(TcpOptions.PLAIN_TEXT_BEYOND_HOST, true);
    try (Connector connector = new TcpTransport().connector(address, options)) {
      LinkException failure =
          assertThrows(LinkException.class, () -> connector.connect(500_000_000));
      assertThat(failure.fault()).isAnyOf(Fault.CONNECT_UNREACHABLE, Fault.CONNECT_UNANSWERED);
      assertThat(failure).hasMessageThat().contains("[100::1]:4000");
    }
  }

  @Test
  void a_peer_that_ends_its_direction_alone_can_still_be_written_to() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Connector connector = connector("tcp:127.0.0.1:" + server.getLocalPort());
        Link link = connector.connect(Bytes.PATIENCE_NANOS);
        Socket peer = server.accept()) {
      peer.shutdownOutput();
      assertThat(Bytes.readToEnd(link)).isEmpty();
      Bytes.write(link, "still".getBytes(US_ASCII));
      assertThat(new String(peer.getInputStream().readNBytes(5), US_ASCII)).isEqualTo("still");
    }
  }

  @Test
  void a_peer_that_resets_the_connection_has_ended() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Connector connector = connector("tcp:127.0.0.1:" + server.getLocalPort());
        Link link = connector.connect(Bytes.PATIENCE_NANOS)) {
      Socket peer = server.accept();
      peer.setOption(StandardSocketOptions.SO_LINGER, 0);
      peer.close();
      assertThat(Bytes.readToEnd(link)).isEmpty();
      assertThrows(LinkException.class, () -> link.write(ByteBuffer.allocate(1)));
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void a_connection_to_itself_is_told_from_one_to_a_server() throws Exception {
    InetSocketAddress any =
        new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0);
    try (ServerSocket server = new ServerSocket(0, 5, any.getAddress());
        Fd client = TcpSocket.create(any)) {
      int errno = TcpSocket.connect(client, (InetSocketAddress) server.getLocalSocketAddress());
      assertThat(errno).isAnyOf(0, Errno.EINPROGRESS.number());
      server.accept().close();
      assertThat(TcpSocket.isToItself(client)).isFalse();
    }
    // The system lets a socket choose its own port as well, and so does luck.
    InetSocketAddress alone = new InetSocketAddress(any.getAddress(), TcpFixture.closedPort());
    try (SocketChannel itself = SocketChannel.open()) {
      itself.bind(alone).connect(alone);
      assertThat(itself.getLocalAddress()).isEqualTo(itself.getRemoteAddress());
      try (Fd same = Fd.duplicate(descriptorOf(alone.getPort()))) {
        assertThat(TcpSocket.isToItself(same)).isTrue();
      }
    }
  }

  /** The descriptor of this process whose socket is bound to a port. */
  private static int descriptorOf(int port) {
    for (String number : new File("/proc/self/fd").list()) {
      ByteBuffer name = NativeMemory.zeros(36).putInt(32, 28);
      long at = NativeMemory.address(name);
      int fd = Integer.parseInt(number);
      if (SystemCalls.getsockname(fd, at, at + 32) == 0
          && Short.toUnsignedInt(name.order(ByteOrder.BIG_ENDIAN).getShort(2)) == port) {
        return fd;
      }
    }
    throw new AssertionError("no socket is bound to port " + port);
  }

  @Test
  void a_peer_beyond_this_host_is_asked_whether_it_lives_and_nothing_is_held_back_from_any()
      throws Exception {
    for (boolean asked : new boolean[] {false, true}) {
      InetAddress peer = InetAddress.getByAddress(new byte[] {(byte) (asked ? 10 : 127), 1, 2, 3});
      try (Fd socket = TcpSocket.create(new InetSocketAddress(peer, 1))) {
        TcpSocket.prepare(socket.number(), peer);
        int noDelay = Sockets.get(socket.number(), TcpSocket.IPPROTO_TCP, TcpSocket.TCP_NODELAY);
        int keepAlive =
            Sockets.get(socket.number(), SystemCalls.SOL_SOCKET, TcpSocket.SO_KEEPALIVE);
        assertThat(noDelay).isNotEqualTo(0);
        assertThat(keepAlive != 0).isEqualTo(asked);
      }
    }
  }
}
