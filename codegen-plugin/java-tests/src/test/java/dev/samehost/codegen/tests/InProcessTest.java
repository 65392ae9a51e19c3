package dev.samehost.codegen.tests;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.inprocess.InProcessSocketAddress;
import org.junit.jupiter.api.Nested;

/** The stubs over grpc-java's own channel within a process: nothing in them is samehost's alone. */
final class InProcessTest {
  @Nested
  final class CallKinds extends CallKindsContract {
    @Override
    Server startServer(ServerServiceDefinition service) throws Exception {
      return start(service);
    }

    @Override
    ManagedChannel openChannel(Server server) {
      return open(server);
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
      return open(server);
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
      return open(server);
    }
  }

  private static Server start(ServerServiceDefinition service) throws Exception {
    return InProcessServerBuilder.forName(InProcessServerBuilder.generateName())
        .addService(service)
        .build()
        .start();
  }

  private static ManagedChannel open(Server server) {
    InProcessSocketAddress address = (InProcessSocketAddress) server.getListenSockets().get(0);
    return InProcessChannelBuilder.forName(address.getName()).build();
  }
}
