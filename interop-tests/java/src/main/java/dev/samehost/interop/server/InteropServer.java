package dev.samehost.interop.server;

import dev.samehost.SamehostServerBuilder;
import dev.samehost.interop.Flags;
import dev.samehost.interop.Secure;
import io.grpc.Server;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The interop server: {@code --address ADDRESS}; serves until SIGTERM, or until its host ends it.
 */
public final class InteropServer {
  private static final int MISUSED = 2;
  private static final long GRACE_SECONDS = 5;

  private InteropServer() {}

  /** Prints {@code READY ADDRESS} when clients can connect; exits 0 after SIGTERM. */
  public static void main(String[] words) throws InterruptedException {
    String address;
    try {
      address = Flags.parse(words, Set.of("address")).get("address");
    } catch (IllegalArgumentException e) {
      System.err.println("server: " + e.getMessage() + "; it takes --address ADDRESS");
      System.exit(MISUSED);
      return;
    }
    // The wire of stdio: is standard output, and whatever is printed there goes to stderr.
    PrintStream out = address.equals("stdio:") ? System.err : System.out;
    Server server;
    try {
      server = start(address);
    } catch (IOException e) {
      System.err.println("server: " + e.getMessage());
      System.exit(1);
      return;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server)));
    out.println("READY " + address);
    out.flush();
    server.awaitTermination();
  }

  private static Server start(String address) throws IOException {
    SamehostServerBuilder builder =
        Secure.server(address).addStreamTracerFactory(new ArrivalTracer.Factory());
    TestServices.make().forEach(builder::addService);
    return builder.build().start();
  }

  /** Ends the process with 0, where the JVM would end it with 143 after SIGTERM. */
  private static void stop(Server server) {
    server.shutdown();
    try {
      if (!server.awaitTermination(GRACE_SECONDS, TimeUnit.SECONDS)) {
        server.shutdownNow();
        server.awaitTermination(GRACE_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
    }
    Runtime.getRuntime().halt(0);
  }
}
