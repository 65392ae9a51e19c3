package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.transport.Fault;
import dev.samehost.transport.testkit.Certificates;
import io.grpc.Attributes;
import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.ChoiceChannelCredentials;
import io.grpc.ChoiceServerCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.SecurityLevel;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Channels and servers with gRPC's own credentials. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class TlsTest {
  private static final Note NOTE = Note.newBuilder().setText("hello").build();
  private static final Metadata.Key<String> TOKEN =
      Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);

  private final List<ManagedChannel> channels = new ArrayList<>();
  private Server server;

  /** What the server's last call has said. */
  private volatile ServerCall<?, ?> seen;

  private volatile Metadata headers;

  private final class Witness implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata metadata, ServerCallHandler<Q, A> next) {
      seen = call;
      headers = metadata;
      return next.startCall(call, metadata);
    }
  }

  private static InputStream stream(byte[] text) {
    return new ByteArrayInputStream(text);
  }

  private static InputStream chain(X509Bundle of) {
    return stream(of.getCertificatePathPEM().getBytes(StandardCharsets.US_ASCII));
  }

  private static InputStream key(X509Bundle of) {
    return stream(of.getPrivateKeyPEM().getBytes(StandardCharsets.US_ASCII));
  }

  private static TlsServerCredentials.Builder serving() throws Exception {
    X509Bundle own = Certificates.TRUSTED.server();
    return TlsServerCredentials.newBuilder().keyManager(chain(own), key(own));
  }

  private static TlsChannelCredentials.Builder trusting() throws Exception {
    return TlsChannelCredentials.newBuilder().trustManager(stream(Certificates.TRUSTED.pem()));
  }

  private void start(ServerCredentials credentials) throws Exception {
    server =
        SamehostServerBuilder.forAddress("tcp:localhost:0", credentials)
            .addService(new EchoService())
            .intercept(new Witness())
            .build()
            .start();
  }

  private String address() {
    return server.getListenSockets().get(0).toString();
  }

  private EchoGrpc.EchoBlockingStub stub(SamehostChannelBuilder builder) {
    ManagedChannel channel = builder.build();
    channels.add(channel);
    return EchoGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private EchoGrpc.EchoBlockingStub stub(ChannelCredentials credentials) {
    return stub(SamehostChannelBuilder.forAddress(address(), credentials));
  }

  private static String failure(EchoGrpc.EchoBlockingStub stub) {
    Status status = assertThrows(StatusRuntimeException.class, () -> stub.unary(NOTE)).getStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    return status.getDescription();
  }

  @AfterEach
  void close() throws Exception {
    for (ManagedChannel channel : channels) {
      channel.shutdownNow().awaitTermination(60, TimeUnit.SECONDS);
    }
    if (server != null) {
      server.shutdownNow().awaitTermination(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void calls_go_by_tls_and_the_handler_is_told() throws Exception {
    start(serving().build());
    assertThat(stub(trusting().build()).unary(NOTE)).isEqualTo(NOTE);
    SSLSession session = seen.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    assertThat(session.getProtocol()).isEqualTo("TLSv1.3");
    assertThat(seen.getSecurityLevel()).isEqualTo(SecurityLevel.PRIVACY_AND_INTEGRITY);
  }

  @Test
  void a_caller_is_known_by_its_certificate() throws Exception {
    start(
        serving()
            .trustManager(stream(Certificates.TRUSTED.pem()))
            .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
            .build());
    X509Bundle anna = Certificates.TRUSTED.client("anna");
    stub(trusting().keyManager(chain(anna), key(anna)).build()).unary(NOTE);
    SSLSession session = seen.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    X509Certificate certificate = (X509Certificate) session.getPeerCertificates()[0];
    assertThat(certificate.getSubjectX500Principal().getName()).isEqualTo("CN=anna");
    String told = failure(stub(trusting().build()));
    assertThat(told).startsWith(address() + ": the peer ended TLS with the alert ");
    assertThat(told).contains("certificate");
  }

  @Test
  void managers_of_the_application_s_own_do_as_well() throws Exception {
    X509Bundle own = Certificates.TRUSTED.server();
    start(
        TlsServerCredentials.newBuilder()
            .keyManager(own.toKeyManagerFactory().getKeyManagers())
            .build());
    ChannelCredentials trusting =
        TlsChannelCredentials.newBuilder().trustManager(Certificates.TRUSTED.trust()).build();
    assertThat(stub(trusting).unary(NOTE)).isEqualTo(NOTE);
  }

  @Test
  void a_server_that_is_not_trusted_fails_the_call_with_the_reason() throws Exception {
    start(serving().build());
    // Nobody has signed it whom the JDK knows.
    assertThat(failure(stub(TlsChannelCredentials.create())))
        .startsWith(address() + ": the certificate of the peer is not accepted: ");
    assertThat(
            failure(
                stub(
                    SamehostChannelBuilder.forAddress(address(), trusting().build())
                        .overrideAuthority("db.example:443"))))
        .contains("db.example");
  }

  @Test
  void a_name_that_is_overridden_is_the_one_that_counts() throws Exception {
    X509Bundle own = Certificates.TRUSTED.server("db.example");
    start(TlsServerCredentials.newBuilder().keyManager(chain(own), key(own)).build());
    SamehostChannelBuilder named =
        SamehostChannelBuilder.forAddress(address(), trusting().build())
            .overrideAuthority("db.example:443");
    assertThat(stub(named).unary(NOTE)).isEqualTo(NOTE);
    assertThat(failure(stub(trusting().build()))).contains("localhost");
    assertThat(TlsOption.host("[::1]:443")).isEqualTo("::1");
    assertThat(TlsOption.host("::1")).isEqualTo("::1");
    assertThat(TlsOption.host("db.example")).isEqualTo("db.example");
  }

  @Test
  void plain_text_and_tls_tell_each_other_that_they_do_not_fit() throws Exception {
    start(serving().build());
    EchoGrpc.EchoBlockingStub plain = stub(SamehostChannelBuilder.forAddress(address()));
    assertThat(assertThrows(StatusRuntimeException.class, () -> plain.unary(NOTE)))
        .hasMessageThat()
        .isEqualTo(
            "PERMISSION_DENIED: "
                + Fault.PEER_REFUSED.text(
                    address(),
                    "plain text came, and this server takes TLS alone. Give the channel"
                        + " credentials."));
    server.shutdownNow();
    start(InsecureServerCredentials.create());
    assertThat(failure(stub(trusting().build())))
        .isEqualTo(Fault.TLS_NOT_SPOKEN.text(address(), "it hung up in the handshake"));
    assertThat(stub(InsecureChannelCredentials.create()).unary(NOTE)).isEqualTo(NOTE);
    assertThat(seen.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION)).isNull();
    assertThat(seen.getSecurityLevel()).isEqualTo(SecurityLevel.NONE);
  }

  /** Credentials of calls that add a token, and remember how safe it would be. */
  private static final class Token extends CallCredentials {
    private final String text;
    private volatile SecurityLevel security;

    private Token(String text) {
      this.text = text;
    }

    @Override
    public void applyRequestMetadata(
        RequestInfo request, Executor executor, MetadataApplier applier) {
      security = request.getSecurityLevel();
      Metadata added = new Metadata();
      added.put(TOKEN, text);
      applier.apply(added);
    }
  }

  @Test
  void credentials_of_the_channel_are_added_to_each_call_before_its_own() throws Exception {
    start(serving().build());
    Token ofChannel = new Token("channel");
    ChannelCredentials both = CompositeChannelCredentials.create(trusting().build(), ofChannel);
    EchoGrpc.EchoBlockingStub stub = stub(both);
    stub.unary(NOTE);
    assertThat(headers.getAll(TOKEN)).containsExactly("channel");
    assertThat(ofChannel.security).isEqualTo(SecurityLevel.PRIVACY_AND_INTEGRITY);
    stub.withCallCredentials(new Token("call")).unary(NOTE);
    assertThat(headers.getAll(TOKEN)).containsExactly("channel", "call").inOrder();
  }

  @Test
  void the_first_of_a_choice_that_is_understood_is_taken() throws Exception {
    TlsChannelCredentials.Builder strange = trusting().requireFakeFeature();
    start(
        ChoiceServerCredentials.create(serving().requireFakeFeature().build(), serving().build()));
    ChannelCredentials choice =
        ChoiceChannelCredentials.create(
            strange.build(), trusting().build(), InsecureChannelCredentials.create());
    assertThat(stub(choice).unary(NOTE)).isEqualTo(NOTE);
    assertThat(refused(address(), strange.build())).contains("not TlsChannelCredentials");
    assertThat(
            assertThrows(
                IllegalArgumentException.class,
                () ->
                    SamehostServerBuilder.forAddress(
                        "tcp:localhost:0", serving().requireFakeFeature().build())))
        .hasMessageThat()
        .contains("not TlsServerCredentials");
  }

  private static String refused(String address, ChannelCredentials credentials) {
    return assertThrows(
            IllegalArgumentException.class,
            () -> SamehostChannelBuilder.forAddress(address, credentials))
        .getMessage();
  }

  @Test
  void an_address_inside_the_host_takes_no_tls() throws Exception {
    ChannelCredentials tls = trusting().build();
    assertThat(refused("unix:/run/s", tls))
        .isEqualTo(Fault.TLS_NOT_TAKEN.text("unix:/run/s", "unix"));
    SamehostServerBuilder server =
        SamehostServerBuilder.forAddress("unix:/run/s", serving().build());
    assertThat(assertThrows(IllegalArgumentException.class, server::build))
        .hasMessageThat()
        .isEqualTo(Fault.TLS_NOT_TAKEN.text("unix:/run/s", "unix"));
  }

  private static String unusable(TlsChannelCredentials.Builder credentials) {
    String text = refused("tcp:localhost:1", credentials.build());
    assertThat(text)
        .startsWith("address tcp:localhost:1: the credentials for TLS cannot be used: ");
    return text;
  }

  @Test
  void credentials_that_cannot_be_used_are_told_when_they_are_given() throws Exception {
    InputStream nothing = stream("no PEM".getBytes(StandardCharsets.US_ASCII));
    assertThat(unusable(TlsChannelCredentials.newBuilder().trustManager(nothing)))
        .contains("no certificate in the root certificates");
    X509Bundle anna = Certificates.TRUSTED.client("anna");
    X509Bundle other = Certificates.TRUSTED.client("other");
    assertThat(unusable(trusting().keyManager(chain(anna), key(other))))
        .contains("the private key is not the certificate's");
    assertThat(unusable(trusting().keyManager(chain(anna), chain(anna))))
        .contains("no private key in PKCS #8");
    assertThat(unusable(trusting().keyManager(key(anna), key(anna))))
        .contains("no certificate in the certificate chain");
    assertThrows(
        IllegalArgumentException.class,
        () ->
            SamehostServerBuilder.forAddress(
                "tcp:localhost:0",
                TlsServerCredentials.newBuilder().keyManager(chain(anna), key(other)).build()));
  }

  @Test
  void a_channel_with_credentials_takes_no_other_word_for_how_it_is_secured() throws Exception {
    SamehostChannelBuilder builder =
        SamehostChannelBuilder.forAddress("tcp:localhost:1", trusting().build());
    assertThrows(IllegalStateException.class, builder::usePlaintext);
  }

  @Test
  void grpc_itself_makes_secure_channels_to_addresses_of_samehost() throws Exception {
    start(serving().build());
    ManagedChannel channel = Grpc.newChannelBuilder(address(), trusting().build()).build();
    channels.add(channel);
    assertThat(EchoGrpc.newBlockingStub(channel).unary(NOTE)).isEqualTo(NOTE);
  }

  @Test
  void a_channel_knows_the_session_of_its_calls() throws Exception {
    start(serving().build());
    List<Attributes> attributes = new ArrayList<>();
    SamehostChannelBuilder builder =
        SamehostChannelBuilder.forAddress(address(), trusting().build());
    stub(builder.intercept(new Spy(attributes))).unary(NOTE);
    assertThat(attributes.get(0).get(Grpc.TRANSPORT_ATTR_SSL_SESSION).getPeerCertificates())
        .hasLength(1);
  }
}
