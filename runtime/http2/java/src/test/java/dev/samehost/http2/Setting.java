package dev.samehost.http2;

import static com.google.common.truth.Truth.assertWithMessage;
import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import dev.samehost.transport.testkit.Certificates;
import io.grpc.BindableService;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCredentials;
import io.grpc.ServerServiceDefinition;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server and channels of one test, one of them ours and the other one stock grpc-java's. */
final class Setting implements AutoCloseable {
  /** Which side is ours, and over what. */
  enum Case {
    SERVING_UNIX,
    SERVING_TCP,
    SERVING_TLS,
    CALLING_UNIX,
    CALLING_TCP,
    CALLING_TLS;

    boolean serves() {
      return this == SERVING_UNIX || this == SERVING_TCP || this == SERVING_TLS;
    }

    private boolean isSecret() {
      return this == SERVING_TLS || this == CALLING_TLS;
    }

    private boolean isUnix() {
      return this == SERVING_UNIX || this == CALLING_UNIX;
    }
  }

  /** How long anything may take on a busy machine. */
  static final long PATIENCE_SECONDS = 60;

  /** The stock side's thread. */
  private static final EventLoopGroup LOOP =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("stock", true), EpollIoHandler.newFactory());

  private final Case which;
  private final Path folder;
  private final int port;
  private final List<Server> servers = new ArrayList<>();
  private final List<ManagedChannel> channels = new ArrayList<>();

  Setting(Case which) throws IOException {
    this.which = which;
    folder = Files.createTempDirectory("samehost-http2");
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
  }

  Path socket() {
    return folder.resolve("socket");
  }

  int port() {
    return port;
  }

  String address() {
    return which.isUnix() ? "unix:" + socket() : "tcp:127.0.0.1:" + port;
  }

  private SocketAddress stockAddress() {
    return which.isUnix()
        ? new DomainSocketAddress(socket().toFile())
        : new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  ServerBuilder<?> server() throws IOException {
    if (which.serves()) {
      return SamehostServerBuilder.forAddress(address(), serving());
    }
    return NettyServerBuilder.forAddress(stockAddress(), serving())
        .bossEventLoopGroup(LOOP)
        .workerEventLoopGroup(LOOP)
        .channelType(
            which.isUnix() ? EpollServerDomainSocketChannel.class : EpollServerSocketChannel.class);
  }

  ManagedChannelBuilder<?> channel() {
    if (!which.serves()) {
      return SamehostChannelBuilder.forAddress(address(), calling());
    }
    return NettyChannelBuilder.forAddress(stockAddress(), calling())
        .eventLoopGroup(LOOP)
        .channelType(which.isUnix() ? EpollDomainSocketChannel.class : EpollSocketChannel.class)
        .overrideAuthority("localhost");
  }

  private ServerCredentials serving() throws IOException {
    if (!which.isSecret()) {
      return InsecureServerCredentials.create();
    }
    X509Bundle own = Certificates.TRUSTED.server();
    return TlsServerCredentials.create(
        stream(own.getCertificatePathPEM()), stream(own.getPrivateKeyPEM()));
  }

  private ChannelCredentials calling() {
    if (!which.isSecret()) {
      return InsecureChannelCredentials.create();
    }
    try {
      return TlsChannelCredentials.newBuilder()
          .trustManager(new ByteArrayInputStream(Certificates.TRUSTED.pem()))
          .build();
    } catch (IOException e) {
      throw new AssertionError("bytes in memory can be read", e);
    }
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(US_ASCII));
  }

  Server start(ServerBuilder<?> builder) throws IOException {
    Server server = builder.build().start();
    servers.add(server);
    return server;
  }

  Server start(ServerServiceDefinition service) throws IOException {
    return start(server().addService(service));
  }

  Server start(BindableService service) throws IOException {
    return start(service.bindService());
  }

  ManagedChannel open(ManagedChannelBuilder<?> builder) {
    ManagedChannel channel = builder.build();
    channels.add(channel);
    return channel;
  }

  ManagedChannel open() {
    return open(channel());
  }

  /** A channel to whatever is behind a relay. */
  ManagedChannel openThrough(Relay relay) throws IOException {
    if (!which.serves()) {
      return open(SamehostChannelBuilder.forAddress("tcp:127.0.0.1:" + relay.port(), calling()));
    }
    return open(
        NettyChannelBuilder.forAddress("127.0.0.1", relay.port(), calling())
            .eventLoopGroup(LOOP)
            .channelType(EpollSocketChannel.class)
            .overrideAuthority("localhost"));
  }

  @Override
  public void close() throws Exception {
    for (ManagedChannel channel : channels) {
      channel.shutdownNow();
    }
    for (Server server : servers) {
      server.shutdownNow();
    }
    for (ManagedChannel channel : channels) {
      assertWithMessage("%s terminates", channel)
          .that(channel.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS))
          .isTrue();
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
