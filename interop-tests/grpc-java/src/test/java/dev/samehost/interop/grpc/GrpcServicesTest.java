package dev.samehost.interop.grpc;

import static com.google.common.truth.Truth.assertThat;
import static java.util.stream.Collectors.toList;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import io.grpc.Channel;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import io.grpc.testing.GrpcCleanupRule;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** What is in grpc-services is served, and grpc-testing's rule closes servers and channels. */
public final class GrpcServicesTest {
  @Rule public final GrpcCleanupRule cleanup = new GrpcCleanupRule();
  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  private Channel channel;

  @Before
  public void serve() throws Exception {
    String address = "unix:" + folder.getRoot() + "/socket";
    Server server =
        SamehostServerBuilder.forAddress(address)
            .addService(new HealthStatusManager().getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance())
            .build();
    cleanup.register(server.start());
    channel = cleanup.register(SamehostChannelBuilder.forAddress(address).build());
  }

  @Test
  public void healthIsServedAsAnyOtherService() {
    assertThat(
            HealthGrpc.newBlockingStub(channel)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
  }

  @Test
  public void reflectionListsTheServicesOfItsServer() throws Exception {
    CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> asked =
        ServerReflectionGrpc.newStub(channel)
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .serverReflectionInfo(new Completing(answer));
    asked.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    List<String> services =
        answer.get().getListServicesResponse().getServiceList().stream()
            .map(ServiceResponse::getName)
            .collect(toList());
    asked.onCompleted();
    assertThat(services)
        .containsExactly("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection");
  }

  private record Completing(CompletableFuture<ServerReflectionResponse> answer)
      implements StreamObserver<ServerReflectionResponse> {
    @Override
    public void onNext(ServerReflectionResponse response) {
      answer.complete(response);
    }

    @Override
    public void onError(Throwable error) {
      answer.completeExceptionally(error);
    }

    @Override
    public void onCompleted() {}
  }
}
