package dev.samehost.benchmarks;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import java.io.IOException;

/** The systems that Java has a client or a server for, by name; a new one joins here. */
final class Systems {
  private static final int LARGEST_MESSAGE = 64 << 20;

  private Systems() {}

  static Echo connect(Flags flags) throws Exception {
    String address = flags.address();
    return switch (flags.system()) {
      case "samehost" ->
          new StubEcho(
              SamehostChannelBuilder.forAddress(address)
                  .maxInboundMessageSize(LARGEST_MESSAGE)
                  .build());
      case "grpc-java" ->
          new StubEcho(GrpcJava.channel(address, LARGEST_MESSAGE).directExecutor().build());
      case "grpc-java-default" -> new StubEcho(GrpcJava.channel(address, LARGEST_MESSAGE).build());
      case "raw", "raw-protobuf", "raw-spin", "raw-spin-protobuf" ->
          new RawEcho(flags.system(), Pipe.connect(address, spins(flags)));
      default -> throw new IllegalArgumentException("no client for " + flags.system());
    };
  }

  /** Serves from now on; the threads of what serves keep the process alive. */
  static void serve(Flags flags, Runnable ready) throws IOException {
    String address = flags.address();
    switch (flags.system()) {
      case "samehost" -> {
        SamehostServerBuilder.forAddress(address)
            .maxInboundMessageSize(LARGEST_MESSAGE)
            .addService(new EchoService())
            .build()
            .start();
        ready.run();
      }
      case "grpc-java" -> {
        GrpcJava.server(address, LARGEST_MESSAGE)
            .directExecutor()
            .addService(new EchoService())
            .build()
            .start();
        ready.run();
      }
      case "grpc-java-default" -> {
        GrpcJava.server(address, LARGEST_MESSAGE).addService(new EchoService()).build().start();
        ready.run();
      }
      case "raw", "raw-protobuf", "raw-spin", "raw-spin-protobuf" ->
          RawEcho.serve(flags.system(), Pipe.accept(address, spins(flags), ready));
      default -> throw new IllegalArgumentException("no server for " + flags.system());
    }
  }

  private static boolean spins(Flags flags) {
    return flags.system().startsWith("raw-spin");
  }
}
