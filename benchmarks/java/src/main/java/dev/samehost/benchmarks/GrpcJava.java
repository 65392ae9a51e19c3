package dev.samehost.benchmarks;

import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.SocketAddress;

/** grpc-java over Netty's epoll, on Unix sockets and TCP. */
final class GrpcJava {
  /** Shared by all connections, as grpc-java's own would be. */
  private static final MultiThreadIoEventLoopGroup LOOPS =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

  private GrpcJava() {}

  static NettyChannelBuilder channel(String address, int largestMessage) {
    SocketAddress target = target(address);
    boolean unix = target instanceof DomainSocketAddress;
    return NettyChannelBuilder.forAddress(target)
        .eventLoopGroup(LOOPS)
        .channelType(unix ? EpollDomainSocketChannel.class : EpollSocketChannel.class)
        .maxInboundMessageSize(largestMessage)
        .overrideAuthority("localhost")
        .usePlaintext();
  }

  static NettyServerBuilder server(String address, int largestMessage) {
    SocketAddress target = target(address);
    boolean unix = target instanceof DomainSocketAddress;
    return NettyServerBuilder.forAddress(target)
        .bossEventLoopGroup(LOOPS)
        .workerEventLoopGroup(LOOPS)
        .channelType(unix ? EpollServerDomainSocketChannel.class : EpollServerSocketChannel.class)
        .maxInboundMessageSize(largestMessage);
  }

  private static SocketAddress target(String address) {
    if (address.startsWith("unix:")) {
      return new DomainSocketAddress(address.substring("unix:".length()));
    }
    return Pipe.tcp(address);
  }
}
