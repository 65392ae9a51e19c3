package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.SamehostChannelBuilder;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.netty.NettyChannelBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whose a target is where both gRPC's own transport and samehost are on the class path. */
@Timeout(60)
final class TargetsTest {
  private static final ChannelCredentials PLAIN = InsecureChannelCredentials.create();

  @Test
  void targets_of_grpc_stay_with_grpc() {
    for (String target : new String[] {"dns:///localhost:1", "localhost:1", "unix:/run/s"}) {
      ManagedChannelBuilder<?> builder = Grpc.newChannelBuilder(target, PLAIN);
      assertThat(builder).isInstanceOf(NettyChannelBuilder.class);
    }
    assertThat(ManagedChannelBuilder.forAddress("localhost", 1))
        .isInstanceOf(NettyChannelBuilder.class);
  }

  @Test
  void addresses_of_samehost_go_to_samehost() {
    ManagedChannelBuilder<?> builder = Grpc.newChannelBuilder("tcp:127.0.0.1:1", PLAIN);
    assertThat(builder).isInstanceOf(SamehostChannelBuilder.class);
  }

  @Test
  void a_builder_of_grpcs_own_transport_refuses_them() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> NettyChannelBuilder.forTarget("tcp:127.0.0.1:1").usePlaintext().build());
    assertThat(refused).hasMessageThat().contains("not supported by transport");
  }
}
