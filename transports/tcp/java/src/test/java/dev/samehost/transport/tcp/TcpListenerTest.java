package dev.samehost.transport.tcp;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.RecordingAcceptor;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Taking a port, and those who come to it. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class TcpListenerTest {
  private static final TransportOptions BEYOND =
      TransportOptions.NONE.with(TcpOptions.PLAIN_TEXT_BEYOND_HOST, true);

  private final RecordingAcceptor acceptor = new RecordingAcceptor();
  private Listener listener;

  private Listener start(String address, TransportOptions options) throws LinkException {
    close();
    listener = new TcpTransport().listener(Address.parse(address), options);
    listener.start(acceptor);
    return listener;
  }

  private static LinkException refusal(String address, TransportOptions options)
      throws LinkException {
    Listener refused = new TcpTransport().listener(Address.parse(address), options);
    return assertThrows(LinkException.class, () -> refused.start(new RecordingAcceptor()));
  }

  @AfterEach
  void close() {
    if (listener != null) {
      listener.close();
    }
  }

  private int port() {
    return Integer.parseInt(listener.address().substring(listener.address().lastIndexOf(':') + 1));
  }

  private Socket visitor() throws Exception {
    return new Socket(InetAddress.getLoopbackAddress(), port());
  }

  private static void say(Socket visitor, String text) throws Exception {
    visitor.getOutputStream().write(text.getBytes(US_ASCII));
  }

  private static String told(Socket visitor) throws Exception {
    return new String(visitor.getInputStream().readAllBytes(), US_ASCII);
  }

  @Test
  void port_0_is_any_and_the_address_says_which() throws Exception {
    for (String host : new String[] {"127.0.0.1", "localhost", "[::1]"}) {
      start("tcp:" + host + ":0", TransportOptions.NONE);
      String address = listener.address();
      assertThat(address).startsWith("tcp:" + host + ":");
      assertThat(port()).isNotEqualTo(0);
      new Socket(InetAddress.getAllByName(host)[0], port()).close();
      listener.close();
      assertThat(listener.address()).isEqualTo(address);
    }
  }

  @Test
  void a_live_port_is_refused_and_goes_on_living() throws Exception {
    start("tcp:127.0.0.1:0", TransportOptions.NONE);
    assertThat(refusal(listener.address(), TransportOptions.NONE))
        .hasMessageThat()
        .isEqualTo(Fault.LISTEN_IN_USE.text(listener.address()));
    try (Socket visitor = visitor()) {
      say(visitor, RecordingAcceptor.GREETING);
      acceptor.nextAccepted().close();
    }
    try (ServerSocket foreign = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      String address = "tcp:127.0.0.1:" + foreign.getLocalPort();
      assertThat(refusal(address, TransportOptions.NONE).fault()).isEqualTo(Fault.LISTEN_IN_USE);
    }
  }

  @Test
  void a_port_is_free_again_at_once_though_connections_were_ended_there() throws Exception {
    start("tcp:127.0.0.1:0", TransportOptions.NONE);
    for (int i = 0; i < 20; i++) {
      try (Socket visitor = visitor()) {
        say(visitor, RecordingAcceptor.GREETING);
        Link link = acceptor.nextAccepted();
        Bytes.read(link, RecordingAcceptor.GREETING.length());
        // The server's side ends first: its port stays in TIME_WAIT.
        link.close();
        assertThat(told(visitor)).isEmpty();
      }
    }
    start(listener.address(), TransportOptions.NONE);
  }

  @Test
  void an_address_of_another_host_is_told_as_such() throws Exception {
    assertThat(refusal("tcp:192.0.2.1:4000", BEYOND))
        .hasMessageThat()
        .isEqualTo(Fault.LISTEN_NOT_OF_THIS_HOST.text("tcp:192.0.2.1:4000", "192.0.2.1"));
  }

  @Test
  void a_listener_that_was_allowed_more_is_reached_by_every_address() throws Exception {
    start("tcp:0.0.0.0:0", BEYOND);
    try (Socket visitor = visitor()) {
      say(visitor, RecordingAcceptor.GREETING);
      try (Link link = acceptor.nextAccepted()) {
        assertThat(link.peer().address()).isEqualTo("tcp:127.0.0.1:" + visitor.getLocalPort());
      }
    }
  }

  @Test
  void a_stranger_is_turned_away_and_can_read_why() throws Exception {
    start("tcp:127.0.0.1:0", TransportOptions.NONE);
    try (Socket visitor = visitor()) {
      say(visitor, "220 mail.example");
      assertThat(told(visitor)).isEqualTo(RecordingAcceptor.FAREWELL);
      visitor.close();
      assertThat(acceptor.nextRefused())
          .hasMessageThat()
          .isEqualTo(
              Fault.PEER_NONSENSE.text(
                  "tcp:127.0.0.1:" + visitor.getLocalPort(),
                  "\"220 mail\" (32 32 30 20 6D 61 69 6C)"));
    }
  }

  @Test
  void a_visitor_that_says_nothing_is_turned_away_and_one_that_has_gone_is_reported()
      throws Exception {
    start(
        "tcp:127.0.0.1:0",
        TransportOptions.NONE.with(TcpOptions.HELLO_TIMEOUT, Duration.ofMillis(100)));
    try (Socket silent = visitor()) {
      assertThat(told(silent)).isEqualTo(RecordingAcceptor.FAREWELL);
    }
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_SILENT);
    start("tcp:127.0.0.1:0", TransportOptions.NONE);
    visitor().close();
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_GONE_BEFORE_HELLO);
  }

  @Test
  void links_live_on_when_their_listener_is_closed() throws Exception {
    start("tcp:127.0.0.1:0", TransportOptions.NONE);
    try (Socket visitor = visitor()) {
      say(visitor, RecordingAcceptor.GREETING);
      try (Link link = acceptor.nextAccepted()) {
        listener.close();
        say(visitor, "and more");
        visitor.close();
        assertThat(new String(Bytes.readToEnd(link), US_ASCII))
            .isEqualTo(RecordingAcceptor.GREETING + "and more");
      }
    }
  }
}
