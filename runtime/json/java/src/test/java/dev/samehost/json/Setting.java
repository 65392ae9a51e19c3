package dev.samehost.json;

import static com.google.common.truth.Truth.assertWithMessage;

import dev.samehost.SamehostServerBuilder;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The servers of one test, and clients of theirs. */
final class Setting implements AutoCloseable {
  /** Over what. */
  enum Case {
    UNIX,
    TCP
  }

  /** How long anything may take on a busy machine. */
  static final long PATIENCE_SECONDS = 60;

  private final Case which;
  private final Path folder;
  private final List<Server> servers = new ArrayList<>();
  private final List<Client> clients = new ArrayList<>();

  Setting(Case which) throws IOException {
    this.which = which;
    folder = Files.createTempDirectory("samehost-json");
  }

  private Path socket() {
    return folder.resolve("socket");
  }

  SamehostServerBuilder server() {
    return SamehostServerBuilder.forAddress(
        which == Case.UNIX ? "unix:" + socket() : "tcp:127.0.0.1:0");
  }

  Server start(SamehostServerBuilder builder) throws IOException {
    Server server = builder.build().start();
    servers.add(server);
    return server;
  }

  Server start(ServerServiceDefinition service) throws IOException {
    return start(server().addService(service));
  }

  /** The address of the last server. */
  String address() {
    return which == Case.UNIX ? "unix:" + socket() : "tcp:127.0.0.1:" + port();
  }

  private int port() {
    return servers.get(servers.size() - 1).getPort();
  }

  /** A client of the last server. */
  Client connect() throws IOException {
    SocketAddress address =
        which == Case.UNIX
            ? UnixDomainSocketAddress.of(socket())
            : new InetSocketAddress(InetAddress.getLoopbackAddress(), port());
    Client client = new Client(address);
    clients.add(client);
    return client;
  }

  @Override
  public void close() throws Exception {
    for (Client client : clients) {
      client.close();
    }
    for (Server server : servers) {
      server.shutdownNow();
    }
    for (Server server : servers) {
      assertWithMessage("%s terminates", server)
          .that(server.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS))
          .isTrue();
    }
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
