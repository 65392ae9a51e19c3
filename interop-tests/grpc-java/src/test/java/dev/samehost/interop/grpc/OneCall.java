package dev.samehost.interop.grpc;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.TestServiceGrpc;
import io.grpc.testing.integration.TestServiceImpl;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A program that serves gRPC's test service at an address, calls it once, and ends. */
final class OneCall {
  private OneCall() {}

  public static void main(String[] arguments) throws Exception {
    ScheduledExecutorService timers = Executors.newScheduledThreadPool(1);
    Server server =
        SamehostServerBuilder.forAddress(arguments[0])
            .addService(new TestServiceImpl(timers))
            .build()
            .start();
    ManagedChannel channel = SamehostChannelBuilder.forAddress(arguments[0]).build();
    TestServiceGrpc.newBlockingStub(channel).emptyCall(Empty.getDefaultInstance());
    channel.shutdown().awaitTermination(60, TimeUnit.SECONDS);
    server.shutdown().awaitTermination(60, TimeUnit.SECONDS);
    timers.shutdown();
  }
}
