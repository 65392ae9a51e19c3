package dev.samehost.interop.grpc;

import static org.junit.Assert.assertThrows;

import dev.samehost.SamehostChannelBuilder;
import io.grpc.ManagedChannelBuilder;
import io.grpc.ServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.util.concurrent.Future;
import org.junit.AfterClass;
import org.junit.Rule;
import org.junit.rules.TemporaryFolder;

/** gRPC's own suite with a client of ours, and its stock server over HTTP/2. */
public final class Http2ClientInteropTest extends InteropContract {
  private static final EventLoopGroup LOOP =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

  /** Where the socket is. */
  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  @AfterClass
  public static void end() {
    Future<?> ignored = LOOP.shutdownGracefully();
  }

  /**
   * Not through a bridge: where grpc-census is on the class path, grpc-java's channel in the bridge
   * says in {@code grpc-tags-bin} what it knows itself, and nothing public keeps it from that.
   */
  @Override
  public void censusContextsPropagated() {
    assertThrows(AssertionError.class, super::censusContextsPropagated);
  }

  @Override
  ServerBuilder<?> server() {
    return NettyServerBuilder.forAddress(new DomainSocketAddress(folder.getRoot() + "/socket"))
        .bossEventLoopGroup(LOOP)
        .workerEventLoopGroup(LOOP)
        .channelType(EpollServerDomainSocketChannel.class)
        .maxInboundMessageSize(MAX_MESSAGE_SIZE);
  }

  @Override
  ManagedChannelBuilder<?> channel() {
    return SamehostChannelBuilder.forAddress("unix:" + folder.getRoot() + "/socket")
        .maxInboundMessageSize(MAX_MESSAGE_SIZE);
  }
}
