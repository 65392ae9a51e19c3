package dev.samehost.transport.tcp;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Tls;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.Certificates;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import dev.samehost.transport.tls.TlsSession;
import dev.samehost.transport.tls.TlsSessions;
import io.netty.pkitesting.X509Bundle;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedKeyManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Those who come to a port where TLS is spoken. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class TlsListenerTest {
  private static final String GREETING = RecordingAcceptor.GREETING;

  private final RecordingAcceptor acceptor = new RecordingAcceptor();
  private Listener listener;

  private void start(TransportOptions options) throws LinkException {
    listener = new TcpTransport().listener(Address.parse("tcp:127.0.0.1:0"), options);
    listener.start(acceptor);
  }

  @AfterEach
  void close() {
    listener.close();
  }

  private int port() {
    return Integer.parseInt(listener.address().substring(listener.address().lastIndexOf(':') + 1));
  }

  private Socket visitor() throws Exception {
    return new Socket(InetAddress.getLoopbackAddress(), port());
  }

  /** One of the JDK's own, by TLS. */
  private SSLSocket secretVisitor(String... protocols) throws Exception {
    Socket socket =
        Certificates.TRUSTED
            .context(null)
            .getSocketFactory()
            .createSocket(visitor(), "localhost", port(), true);
    SSLSocket secret = (SSLSocket) socket;
    SSLParameters parameters = secret.getSSLParameters();
    parameters.setApplicationProtocols(protocols);
    secret.setSSLParameters(parameters);
    return secret;
  }

  private static void say(Socket visitor, String text) throws Exception {
    visitor.getOutputStream().write(text.getBytes(US_ASCII));
  }

  private static String told(InputStream by) throws Exception {
    return new String(by.readAllBytes(), US_ASCII);
  }

  private Link connect(TransportOptions options) throws LinkException {
    try (Connector connector =
        new TcpTransport().connector(Address.parse(listener.address()), options)) {
      return connector.connect(Bytes.PATIENCE_NANOS);
    }
  }

  @Test
  void one_who_speaks_plain_text_is_told_so_in_plain_text() throws Exception {
    start(TcpFixture.Secret.SERVER);
    try (Socket visitor = visitor()) {
      say(visitor, GREETING);
      assertThat(told(visitor.getInputStream())).isEqualTo(RecordingAcceptor.FAREWELL);
      assertThat(acceptor.nextRefused())
          .hasMessageThat()
          .isEqualTo(Fault.TLS_EXPECTED.text("tcp:127.0.0.1:" + visitor.getLocalPort()));
    }
  }

  @Test
  void one_who_speaks_tls_to_a_plain_listener_is_named() throws Exception {
    start(TransportOptions.NONE);
    try (SSLSocket visitor = secretVisitor()) {
      assertThrows(SSLException.class, visitor::startHandshake);
      assertThat(acceptor.nextRefused())
          .hasMessageThat()
          .isEqualTo(Fault.PEER_TLS.text("tcp:127.0.0.1:" + visitor.getLocalPort()));
    }
  }

  @Test
  void what_the_jdk_says_by_tls_is_read_and_answered() throws Exception {
    start(TcpFixture.Secret.SERVER);
    try (SSLSocket visitor = secretVisitor("h2", "http/1.1")) {
      say(visitor, GREETING + "and more");
      assertThat(visitor.getApplicationProtocol()).isEqualTo("h2");
      try (Link link = acceptor.nextAccepted()) {
        assertThat(acceptor.nextJudged()).isEqualTo(US_ASCII.encode(GREETING + "and more"));
        assertThat(Bytes.read(link, 14)).isEqualTo((GREETING + "and more").getBytes(US_ASCII));
        Bytes.write(link, Bytes.random(100_000, 1));
        assertThat(visitor.getInputStream().readNBytes(100_000))
            .isEqualTo(Bytes.random(100_000, 1));
        visitor.shutdownOutput();
        assertThat(Bytes.readToEnd(link)).isEmpty();
      }
      assertThat(visitor.getInputStream().read()).isEqualTo(-1);
    }
  }

  private static void send(TlsSession session, Socket visitor) throws Exception {
    byte[] records = new byte[session.output().remaining()];
    session.output().get(records);
    visitor.getOutputStream().write(records);
  }

  @Test
  void a_stranger_inside_tls_reads_there_why_it_is_turned_away_and_then_the_end() throws Exception {
    start(TcpFixture.Secret.SERVER);
    TlsSession session =
        TlsSessions.client(
            TcpFixture.Secret.CLIENT.get(Tls.OPTION).orElseThrow(), "localhost", port());
    try (Socket visitor = visitor()) {
      byte[] records = new byte[4_096];
      while (!session.shake()) {
        send(session, visitor);
        int count = visitor.getInputStream().read(records);
        session.take(ByteBuffer.wrap(records, 0, count));
      }
      int ignored = session.seal(US_ASCII.encode("220 mail.example"));
      send(session, visitor);
      session.take(ByteBuffer.wrap(visitor.getInputStream().readAllBytes()));
    }
    ByteBuffer told = ByteBuffer.allocate(100);
    session.open(told);
    assertThat(told.flip()).isEqualTo(US_ASCII.encode(RecordingAcceptor.FAREWELL));
    assertThat(session.hasEnded()).isTrue();
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_NONSENSE);
  }

  @Test
  void one_who_begins_tls_and_says_no_more_holds_up_nobody_and_is_turned_away() throws Exception {
    start(TcpFixture.Secret.SERVER.with(TcpOptions.HELLO_TIMEOUT, Duration.ofMillis(500)));
    List<Socket> silent = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      silent.add(visitor());
      silent.get(i).getOutputStream().write(new byte[] {0x16, 3, 1, 2, 0}, 0, i % 5 + 1);
    }
    try (Connector connector =
            new TcpTransport()
                .connector(Address.parse(listener.address()), TcpFixture.Secret.CLIENT);
        var link = TransportContractTest.link(connector, acceptor)) {
      assertThat(link.far().peer().tls()).isPresent();
    }
    for (Socket one : silent) {
      assertThat(told(one.getInputStream())).isEmpty();
      assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_SILENT);
      one.close();
    }
  }

  @Test
  void one_who_goes_in_the_handshake_is_reported() throws Exception {
    start(TcpFixture.Secret.SERVER);
    try (Socket visitor = visitor()) {
      visitor.getOutputStream().write(new byte[] {0x16, 3, 1});
    }
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_GONE_BEFORE_HELLO);
  }

  @Test
  void nonsense_in_the_handshake_is_a_failure_of_tls() throws Exception {
    start(TcpFixture.Secret.SERVER);
    try (Socket visitor = visitor()) {
      visitor.getOutputStream().write(new byte[] {0x16, 3, 1, 0, 4, 9, 9, 9, 9});
      byte[] alert = visitor.getInputStream().readAllBytes();
      assertThat(alert[0]).isEqualTo((byte) 0x15);
      assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.TLS_FAILED);
    }
  }

  @Test
  void a_client_that_does_not_trust_the_server_is_reported_with_its_alert() throws Exception {
    start(TcpFixture.Secret.SERVER);
    assertThrows(
        LinkException.class, () -> connect(TcpFixture.Secret.client(Certificates.UNKNOWN, null)));
    LinkException refused = acceptor.nextRefused();
    assertThat(refused.fault()).isEqualTo(Fault.TLS_REFUSED);
    assertThat(refused).hasMessageThat().contains("certificate_unknown");
  }

  private static String name(Link link) throws Exception {
    X509Certificate certificate =
        (X509Certificate) link.peer().tls().orElseThrow().getPeerCertificates()[0];
    return certificate.getSubjectX500Principal().getName();
  }

  @Test
  void a_client_is_known_by_its_certificate() throws Exception {
    for (Tls.ClientAuth asked : List.of(Tls.ClientAuth.OPTIONAL, Tls.ClientAuth.REQUIRED)) {
      start(TcpFixture.Secret.server(Certificates.TRUSTED.server(), asked));
      TransportOptions options =
          TcpFixture.Secret.client(Certificates.TRUSTED, Certificates.TRUSTED.client("anna"));
      // The second connection goes on with the session of the first.
      for (int i = 0; i < 2; i++) {
        try (Connector connector =
                new TcpTransport().connector(Address.parse(listener.address()), options);
            var link = TransportContractTest.link(connector, acceptor)) {
          assertThat(name(link.far())).isEqualTo("CN=anna");
          assertThat(name(link.near())).isEqualTo("CN=server");
          Bytes.write(link.far(), new byte[1]);
          Bytes.read(link.near(), 1);
        }
      }
      listener.close();
    }
  }

  /** How the first read of a link ends that the server does not want. */
  private static LinkException firstRead(Link link) {
    return assertThrows(
        LinkException.class,
        () -> {
          int ignored = link.await(Link.READ, Bytes.PATIENCE_NANOS);
          link.read(ByteBuffer.allocate(1));
        });
  }

  @Test
  void a_client_without_a_certificate_is_refused_where_one_is_required() throws Exception {
    start(TcpFixture.Secret.server(Certificates.TRUSTED.server(), Tls.ClientAuth.REQUIRED));
    try (Link link = connect(TcpFixture.Secret.CLIENT)) {
      LinkException told = firstRead(link);
      assertThat(told.fault()).isEqualTo(Fault.TLS_REFUSED);
      assertThat(told).hasMessageThat().contains("certificate");
    }
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.TLS_UNTRUSTED);
  }

  @Test
  void a_client_whose_certificate_is_not_trusted_is_refused() throws Exception {
    start(TcpFixture.Secret.server(Certificates.TRUSTED.server(), Tls.ClientAuth.OPTIONAL));
    SSLContext context = SSLContext.getInstance("TLS");
    KeyManager[] stubborn = {new Stubborn(Certificates.UNKNOWN.client("mallory"))};
    context.init(stubborn, Certificates.TRUSTED.trust(), null);
    TransportOptions options =
        TransportOptions.NONE.with(Tls.OPTION, Optional.of(Tls.ofClient(context)));
    try (Link link = connect(options)) {
      assertThat(firstRead(link).fault()).isEqualTo(Fault.TLS_REFUSED);
    }
    LinkException refused = acceptor.nextRefused();
    assertThat(refused.fault()).isEqualTo(Fault.TLS_UNTRUSTED);
    assertThat(refused).hasMessageThat().contains("unable to find valid certification path");
  }

  /** Shows its certificate to everybody, whomever they trust. */
  private static final class Stubborn extends X509ExtendedKeyManager {
    private final X509Bundle own;

    private Stubborn(X509Bundle own) {
      this.own = own;
    }

    @Override
    public String[] getClientAliases(String type, Principal[] issuers) {
      return new String[] {"own"};
    }

    @Override
    public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
      return "own";
    }

    @Override
    public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
      return "own";
    }

    @Override
    public String[] getServerAliases(String type, Principal[] issuers) {
      return new String[0];
    }

    @Override
    public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
      return null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return own.getCertificatePath();
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return own.getKeyPair().getPrivate();
    }
  }

  @Test
  void a_listener_that_is_closed_ends_those_who_shake_hands() throws Exception {
    start(TcpFixture.Secret.SERVER);
    try (Socket visitor = visitor()) {
      visitor.getOutputStream().write(new byte[] {0x16, 3});
      Thread.sleep(50);
      listener.close();
      assertThat(told(visitor.getInputStream())).isEmpty();
    }
    assertThat(acceptor.isEmpty()).isTrue();
  }

  @Test
  void hundreds_of_connections_good_and_bad_leave_no_descriptor_behind() throws Exception {
    start(TcpFixture.Secret.SERVER);
    TransportOptions mistrusts = TcpFixture.Secret.client(Certificates.UNKNOWN, null);
    connect(TcpFixture.Secret.CLIENT).close();
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_GONE_BEFORE_HELLO);
    int before = Descriptors.count();
    for (int i = 0; i < 100; i++) {
      assertThrows(LinkException.class, () -> connect(mistrusts));
      connect(TcpFixture.Secret.CLIENT).close();
      visitor().close();
    }
    for (int i = 0; i < 300; i++) {
      assertThat(acceptor.nextRefused()).isNotNull();
    }
    Descriptors.awaitAtMost(before);
  }
}
