package dev.samehost.codegen.tests;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import java.nio.file.Path;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The stubs over samehost's own channel and server, through a Unix socket. */
final class UnixTest {
  @TempDir Path folder;

  @Nested
  final class CallKinds extends CallKindsContract {
    @Override
    Server startServer(ServerServiceDefinition service) throws Exception {
      return start(service);
    }

    @Override
    ManagedChannel openChannel(Server server) {
      return open();
    }
  }

  @Nested
  final class Streams extends StreamsContract {
    @Override
    Server startServer(ServerServiceDefinition service) throws Exception {
      return start(service);
    }

    @Override
    ManagedChannel openChannel(Server server) {
      return open();
    }
  }

  @Nested
  final class Failures extends FailuresContract {
    @Override
    Server startServer(ServerServiceDefinition service) throws Exception {
      return start(service);
    }

    @Override
    ManagedChannel openChannel(Server server) {
      return open();
    }
  }

  private Server start(ServerServiceDefinition service) throws Exception {
    return SamehostServerBuilder.forAddress(address()).addService(service).build().start();
  }

  private ManagedChannel open() {
    return SamehostChannelBuilder.forAddress(address()).build();
  }

  private String address() {
    return "unix:" + folder.resolve("s");
  }
}
