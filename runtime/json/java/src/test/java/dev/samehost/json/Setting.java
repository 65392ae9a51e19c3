package dev.samehost.json;

import static com.google.common.truth.Truth.assertWithMessage;
import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.samehost.SamehostServerBuilder;
import dev.samehost.transport.testkit.Certificates;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.ServerServiceDefinition;
import io.grpc.TlsServerCredentials;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocketFactory;

/** The servers of one test, and clients of theirs. */
final class Setting implements AutoCloseable {
  /** Over what. */
  enum Case {
    UNIX,
    TCP,
    TLS
  }

  /** How long anything may take on a busy machine. */
  static final long PATIENCE_SECONDS = 60;

  private static final SSLSocketFactory TRUSTING = trusting();

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

  SamehostServerBuilder server() throws IOException {
    return switch (which) {
      case UNIX -> SamehostServerBuilder.forAddress("unix:" + socket());
      case TCP -> SamehostServerBuilder.forAddress("tcp:127.0.0.1:0");
      case TLS -> SamehostServerBuilder.forAddress("tcp:127.0.0.1:0", credentials());
    };
  }

  private static ServerCredentials credentials() throws IOException {
    X509Bundle own = Certificates.TRUSTED.server();
    return TlsServerCredentials.create(
        new ByteArrayInputStream(own.getCertificatePathPEM().getBytes(US_ASCII)),
        new ByteArrayInputStream(own.getPrivateKeyPEM().getBytes(US_ASCII)));
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
    InetAddress loopback = InetAddress.getLoopbackAddress();
    Client client =
        switch (which) {
          case UNIX -> new Client(UnixDomainSocketAddress.of(socket()));
          case TCP -> new Client(new InetSocketAddress(loopback, port()));
          case TLS -> new Client(TRUSTING.createSocket(loopback, port()));
        };
    clients.add(client);
    return client;
  }

  private static SSLSocketFactory trusting() {
    try {
      return Certificates.TRUSTED.context(null).getSocketFactory();
    } catch (Exception e) {
      throw new AssertionError("no TLS for tests", e);
    }
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
