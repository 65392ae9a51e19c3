package dev.samehost.transport.tcp;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Tls;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.Certificates;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import dev.samehost.transport.testkit.RecordingAcceptor;
import io.netty.pkitesting.X509Bundle;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The calling side of TLS, where the server is not who it should be, or does not answer. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class TlsConnectorTest {
  private static LinkException failure(String address, TransportOptions options, long nanos)
      throws LinkException {
    try (Connector connector = new TcpTransport().connector(Address.parse(address), options)) {
      return assertThrows(LinkException.class, () -> connector.connect(nanos));
    }
  }

  /** A connect to a server that has a certificate; null where it succeeds. */
  private static LinkException connect(String host, X509Bundle server, TransportOptions client)
      throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    TransportOptions serving = TcpFixture.Secret.server(server, Tls.ClientAuth.NONE);
    try (Listener listener =
        new TcpTransport().listener(Address.parse("tcp:" + host + ":0"), serving)) {
      listener.start(acceptor);
      try (Connector connector =
          new TcpTransport().connector(Address.parse(listener.address()), client)) {
        connector.connect(Bytes.PATIENCE_NANOS).close();
        return null;
      } catch (LinkException e) {
        assertThat(e).hasMessageThat().startsWith(listener.address() + ": ");
        return e;
      }
    }
  }

  private static TransportOptions expecting(String name) {
    return TransportOptions.NONE.with(
        Tls.OPTION,
        Optional.of(TcpFixture.Secret.CLIENT.get(Tls.OPTION).orElseThrow().expecting(name)));
  }

  @Test
  void a_server_is_known_by_the_name_and_by_the_ip_addresses_of_its_certificate() throws Exception {
    X509Bundle server = Certificates.TRUSTED.server();
    for (String host : new String[] {"localhost", "127.0.0.1", "[::1]"}) {
      assertThat(connect(host, server, TcpFixture.Secret.CLIENT)).isNull();
    }
  }

  @Test
  void a_certificate_of_another_name_is_refused_unless_that_is_the_name_expected()
      throws Exception {
    X509Bundle server = Certificates.TRUSTED.server("db.example");
    for (String host : new String[] {"localhost", "127.0.0.1"}) {
      LinkException failure = connect(host, server, TcpFixture.Secret.CLIENT);
      assertThat(failure.fault()).isEqualTo(Fault.TLS_UNTRUSTED);
      assertThat(failure).hasMessageThat().contains(host);
      assertThat(connect(host, server, expecting("db.example"))).isNull();
    }
    assertThat(connect("localhost", Certificates.TRUSTED.server(), expecting("db.example")).fault())
        .isEqualTo(Fault.TLS_UNTRUSTED);
  }

  @Test
  void a_name_that_is_no_host_name_can_be_expected_too() throws Exception {
    assertThat(connect("localhost", Certificates.TRUSTED.server(), expecting("db_1")).fault())
        .isEqualTo(Fault.TLS_UNTRUSTED);
  }

  @Test
  void a_certificate_that_is_not_trusted_or_has_expired_is_refused_with_the_reason()
      throws Exception {
    LinkException unknown =
        connect("localhost", Certificates.UNKNOWN.server(), TcpFixture.Secret.CLIENT);
    assertThat(unknown.fault()).isEqualTo(Fault.TLS_UNTRUSTED);
    assertThat(unknown).hasMessageThat().contains("unable to find valid certification path");
    LinkException expired =
        connect("localhost", Certificates.TRUSTED.expired(), TcpFixture.Secret.CLIENT);
    assertThat(expired.fault()).isEqualTo(Fault.TLS_UNTRUSTED);
    assertThat(expired).hasMessageThat().contains("NotAfter");
  }

  /** What a client makes of a server that answers with these bytes and hangs up. */
  private static LinkException answered(String answer) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread thread =
          new Thread(
              () -> {
                try (Socket one = server.accept()) {
                  one.getInputStream().read(new byte[4_096]);
                  one.getOutputStream().write(answer.getBytes(US_ASCII));
                } catch (java.io.IOException e) {
                  throw new AssertionError(e);
                }
              });
      thread.start();
      String address = "tcp:127.0.0.1:" + server.getLocalPort();
      LinkException failure = failure(address, TcpFixture.Secret.CLIENT, Bytes.PATIENCE_NANOS);
      thread.join();
      assertThat(failure).hasMessageThat().startsWith("connecting to " + address + ": ");
      assertThat(failure.fault()).isEqualTo(Fault.TLS_NOT_SPOKEN);
      return failure;
    }
  }

  @Test
  void a_server_that_does_not_speak_tls_is_told_by_what_it_answers() throws Exception {
    assertThat(answered("HTTP/1.1 400 Bad Request\r\n\r\n"))
        .hasMessageThat()
        .contains("it answered in plain text");
    assertThat(answered("\u0016")).hasMessageThat().contains("it hung up in the handshake");
    assertThat(answered("")).hasMessageThat().contains("it hung up in the handshake");
  }

  @Test
  void a_plain_listener_is_told_as_one() throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener =
        new TcpTransport().listener(Address.parse("tcp:127.0.0.1:0"), TransportOptions.NONE)) {
      listener.start(acceptor);
      assertThat(failure(listener.address(), TcpFixture.Secret.CLIENT, Bytes.PATIENCE_NANOS))
          .hasMessageThat()
          .isEqualTo(Fault.TLS_NOT_SPOKEN.text(listener.address(), "it answered in plain text"));
    }
  }

  @Test
  void a_server_that_is_silent_in_the_handshake_is_told_after_the_timeout() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      int before = Descriptors.count();
      String endpoint = "127.0.0.1:" + server.getLocalPort();
      assertThat(failure("tcp:" + endpoint, TcpFixture.Secret.CLIENT, 250_000_000))
          .hasMessageThat()
          .isEqualTo(Fault.CONNECT_UNANSWERED.text("tcp:" + endpoint, endpoint, "0.25"));
      Descriptors.awaitAtMost(before);
    }
  }

  @Test
  void closing_ends_a_handshake_in_progress() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Connector connector =
          new TcpTransport()
              .connector(
                  Address.parse("tcp:127.0.0.1:" + server.getLocalPort()),
                  TcpFixture.Secret.CLIENT);
      FutureTask<LinkException> waiter =
          new FutureTask<>(
              () ->
                  assertThrows(LinkException.class, () -> connector.connect(Bytes.PATIENCE_NANOS)));
      new Thread(waiter).start();
      try (Socket accepted = server.accept()) {
        // Its first word has come, so the handshake is in progress.
        assertThat(accepted.getInputStream().read()).isEqualTo(0x16);
        // Long enough for it to wait for an answer, on most machines.
        Thread.sleep(200);
        connector.close();
        assertThat(waiter.get(60, TimeUnit.SECONDS).fault()).isEqualTo(Fault.CHANNEL_SHUTDOWN);
      }
    }
  }

  @Test
  void an_interrupt_does_not_end_a_handshake_and_stays_set() throws Exception {
    Thread.currentThread().interrupt();
    assertThat(connect("localhost", Certificates.TRUSTED.server(), TcpFixture.Secret.CLIENT))
        .isNull();
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void nobody_needs_a_word_for_an_address_beyond_this_host() throws Exception {
    Address beyond = Address.parse("tcp:192.0.2.1:4000");
    new TcpTransport().connector(beyond, TcpFixture.Secret.CLIENT).close();
    assertThat(
            assertThrows(
                    LinkException.class,
                    () -> new TcpTransport().connector(beyond, TransportOptions.NONE))
                .fault())
        .isEqualTo(Fault.PLAIN_TEXT_BEYOND_HOST);
    try (Listener listener =
        new TcpTransport().listener(Address.parse("tcp:0.0.0.0:0"), TcpFixture.Secret.SERVER)) {
      listener.start(new RecordingAcceptor());
    }
  }
}
