package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.transport.Fault;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Server;
import io.grpc.TlsChannelCredentials;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Addresses of samehost as targets of gRPC's own channels. */
@Timeout(60)
final class GrpcTargetsTest {
  private static final ChannelCredentials PLAIN = InsecureChannelCredentials.create();

  @Test
  void grpc_makes_channels_to_addresses_of_samehost() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.SHM)) {
      setting.startEcho();
      answers(Grpc.newChannelBuilder(setting.address(), PLAIN).build());
      answers(ManagedChannelBuilder.forTarget(setting.address()).usePlaintext().build());
    }
  }

  @Test
  void a_host_and_a_port_are_an_address_on_tcp() throws Exception {
    Server server =
        SamehostServerBuilder.forAddress("tcp:127.0.0.1:0").addService(new EchoService()).build();
    server.start();
    try {
      answers(ManagedChannelBuilder.forAddress("127.0.0.1", server.getPort()).build());
      ManagedChannel six = ManagedChannelBuilder.forAddress("::1", 1).build();
      assertThat(six.toString()).contains("tcp:[::1]:1");
      six.shutdownNow();
    } finally {
      server.shutdownNow().awaitTermination();
    }
  }

  @Test
  void what_a_uri_cannot_have_is_escaped_in_a_target() throws Exception {
    String address = StdioTest.child(EchoChild.class.getName());
    int colon = address.indexOf(':');
    String target =
        new URI(address.substring(0, colon), address.substring(colon + 1), null).toString();
    assertThat(target).contains("%20-cp%20");
    answers(Grpc.newChannelBuilder(target, PLAIN).build());
    answers(ManagedChannelBuilder.forTarget(target).usePlaintext().build());
  }

  private static void answers(ManagedChannel channel) throws InterruptedException {
    try {
      Note note = Note.newBuilder().setText("hello").build();
      assertThat(EchoGrpc.newBlockingStub(channel).unary(note)).isEqualTo(note);
    } finally {
      channel.shutdownNow().awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
  }

  @Test
  void credentials_for_networks_are_refused_with_the_reason() {
    ChannelCredentials tls = TlsChannelCredentials.create();
    assertThat(refused("shm:/run/s", tls)).contains(Fault.TLS_NOT_TAKEN.text("shm:/run/s", "shm"));
  }

  @Test
  void a_target_that_no_transport_knows_is_left_to_others() {
    assertThat(refused("dns:///localhost:1", PLAIN)).contains("no transport has the scheme dns");
  }

  private static String refused(String target, ChannelCredentials credentials) {
    return assertThrows(RuntimeException.class, () -> Grpc.newChannelBuilder(target, credentials))
        .getMessage();
  }
}
