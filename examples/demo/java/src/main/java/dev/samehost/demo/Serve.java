package dev.samehost.demo;

import dev.samehost.SamehostServerBuilder;
import io.grpc.Server;
import java.util.concurrent.TimeUnit;

/** {@code Serve ADDRESS} serves text analysis there, until SIGTERM or until its host has gone. */
public final class Serve {
  private Serve() {}

  /** Says READY on standard output once clients can connect. */
  public static void main(String[] arguments) throws Exception {
    String address = arguments[0];
    Server server =
        SamehostServerBuilder.forAddress(address)
            .addService(TextAnalysis.server(new TextAnalysisService()))
            .build()
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server)));
    System.out.println("READY " + address);
    server.awaitTermination();
  }

  /** Lets the calls that are open end. */
  private static void stop(Server server) {
    try {
      if (!server.shutdown().awaitTermination(5, TimeUnit.SECONDS)) {
        server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      }
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
    }
  }
}
