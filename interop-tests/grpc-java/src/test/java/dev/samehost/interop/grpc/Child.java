package dev.samehost.interop.grpc;

import dev.samehost.SamehostServerBuilder;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.testing.integration.TestServiceImpl;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** A program that serves gRPC's test service to its host. */
final class Child {
  private Child() {}

  public static void main(String[] arguments) throws Exception {
    ScheduledExecutorService timers = Executors.newScheduledThreadPool(2);
    Server server =
        SamehostServerBuilder.forAddress("stdio:")
            .addService(
                ServerInterceptors.intercept(
                    new TestServiceImpl(timers), TestServiceImpl.interceptors()))
            .build()
            .start();
    server.awaitTermination();
    timers.shutdownNow();
  }
}
