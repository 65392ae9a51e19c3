package dev.samehost.codegen.tests;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** A test whose services are served and called over a real channel, which a subclass chooses. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
abstract class Served {
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final List<Server> servers = new ArrayList<>();

  /** Starts a server. */
  abstract Server startServer(ServerServiceDefinition service) throws Exception;

  /** Opens a channel to it. */
  abstract ManagedChannel openChannel(Server server) throws Exception;

  final GreeterClient serve(Greeter handler) throws Exception {
    return Greeter.client(connect(Greeter.server(handler)));
  }

  final ManagedChannel connect(ServerServiceDefinition service) throws Exception {
    Server server = startServer(service);
    servers.add(server);
    ManagedChannel channel = openChannel(server);
    channels.add(channel);
    return channel;
  }

  @AfterEach
  final void stop() throws Exception {
    channels.forEach(ManagedChannel::shutdownNow);
    servers.forEach(Server::shutdownNow);
    for (ManagedChannel channel : channels) {
      channel.awaitTermination(10, TimeUnit.SECONDS);
    }
    for (Server server : servers) {
      server.awaitTermination(10, TimeUnit.SECONDS);
    }
  }

  /** Looks again and again; the test's own timeout ends it. */
  static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      LockSupport.parkNanos(100_000);
    }
  }
}
