package dev.samehost.interop.grpc;

import dev.samehost.SamehostServerBuilder;
import io.grpc.ManagedChannelBuilder;
import io.grpc.ServerBuilder;
import io.grpc.netty.InternalNettyChannelBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.util.concurrent.Future;
import org.junit.AfterClass;
import org.junit.Rule;
import org.junit.rules.TemporaryFolder;

/** gRPC's own suite with its stock client over HTTP/2, and a server of ours. */
public final class Http2ServerInteropTest extends InteropContract {
  private static final EventLoopGroup LOOP =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

  /** Where the socket is. */
  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  @AfterClass
  public static void end() {
    Future<?> ignored = LOOP.shutdownGracefully();
  }

  @Override
  ServerBuilder<?> server() {
    return SamehostServerBuilder.forAddress("unix:" + folder.getRoot() + "/socket")
        .maxInboundMessageSize(MAX_MESSAGE_SIZE);
  }

  @Override
  ManagedChannelBuilder<?> channel() {
    NettyChannelBuilder channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(folder.getRoot() + "/socket"))
            .eventLoopGroup(LOOP)
            .channelType(EpollDomainSocketChannel.class)
            .overrideAuthority("localhost")
            .maxInboundMessageSize(MAX_MESSAGE_SIZE)
            .usePlaintext();
    InternalNettyChannelBuilder.setStatsEnabled(channel, false); // the suite has its own
    return channel;
  }
}
