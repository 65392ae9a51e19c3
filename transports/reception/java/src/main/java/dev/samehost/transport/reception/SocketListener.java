package dev.samehost.transport.reception;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.tls.TlsSessions;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.ChannelGroupFuture;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.Errors;
import java.net.SocketAddress;
import java.time.Duration;

/**
 * Listens on a socket, on Netty. It hands each connection to a {@link Judge} of its own. What it
 * listens at is an {@link Endpoint}'s business.
 */
public final class SocketListener implements Listener {
  private final Endpoint endpoint;
  private final Duration helloTimeout;
  private Channel server;
  private ChannelGroup judged;
  private boolean closed;

  /** A listener that turns away whose first bytes do not come within {@code helloTimeout}. */
  public SocketListener(Endpoint endpoint, Duration helloTimeout) {
    this.endpoint = endpoint;
    this.helloTimeout = helloTimeout;
  }

  @Override
  public synchronized void start(Acceptor acceptor) throws LinkException {
    if (closed || server != null) {
      throw new IllegalStateException("a listener is started once");
    }
    Throwable unavailability = ListenerLoop.unavailability();
    if (unavailability != null) {
      throw Fault.NATIVE_CODE_MISSING.causedBy(
          unavailability,
          address(),
          "Netty",
          unavailability.getMessage(),
          "-Dio.netty.native.workdir=FOLDER");
    }
    judged = new DefaultChannelGroup(ListenerLoop.group().next(), true);
    Channel bound = bind(endpoint.claim(), acceptor);
    try {
      endpoint.publish(bound.localAddress());
    } catch (LinkException e) {
      bound.close().awaitUninterruptibly();
      throw e;
    }
    server = bound;
    bound.closeFuture().addListener(ignored -> ended(acceptor));
  }

  private Channel bind(SocketAddress place, Acceptor acceptor) throws LinkException {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(ListenerLoop.group())
            .channelFactory(() -> ListenerLoop.newServer(place))
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true) // a judge says what an end means
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel connection) {
                    judged.add(connection);
                    receive(connection.pipeline(), acceptor);
                  }
                });
    ChannelFuture bound = bootstrap.bind(place).awaitUninterruptibly();
    if (bound.isSuccess()) {
      bound.channel().pipeline().addLast(new Shortages(acceptor));
      return bound.channel();
    }
    LinkException failure = failure(bound.cause());
    endpoint.close();
    throw failure;
  }

  private void receive(ChannelPipeline pipeline, Acceptor acceptor) {
    TlsDoor door = endpoint.tls().map(tls -> new TlsDoor(TlsSessions.server(tls))).orElse(null);
    if (door != null) {
      pipeline.addLast(door);
    }
    pipeline.addLast(new Judge(endpoint, acceptor, this::isListening, helloTimeout, door));
  }

  /** Tells of those who cannot be accepted, for want of descriptors; Netty pauses for a second. */
  private final class Shortages extends ChannelInboundHandlerAdapter {
    private final Acceptor acceptor;

    private Shortages(Acceptor acceptor) {
      this.acceptor = acceptor;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      acceptor.refused(
          cause instanceof Errors.NativeIoException system
              ? new SystemCallException("accept", -system.expectedErr())
                  .fault(Fault.LISTEN_FAILED, address())
              : Fault.LISTEN_FAILED.causedBy(cause, address(), "accept", cause.getMessage()));
    }
  }

  private LinkException failure(Throwable cause) {
    return cause instanceof Errors.NativeIoException system
        ? endpoint.bindFailure(-system.expectedErr())
        : Fault.LISTEN_FAILED.causedBy(cause, address(), "bind", cause.getMessage());
  }

  private synchronized boolean isListening() {
    return !closed;
  }

  private void ended(Acceptor acceptor) {
    if (isListening()) {
      acceptor.ended(Fault.LISTEN_FAILED.with(address(), "accept", "the socket was closed"));
    }
  }

  @Override
  public String address() {
    return endpoint.address();
  }

  @Override
  public void close() {
    Channel closing;
    synchronized (this) {
      closed = true;
      closing = server;
      server = null;
    }
    // The name first: who comes now shall find nobody, and not a socket that hangs up.
    endpoint.close();
    if (closing != null) {
      ChannelFuture end = closing.close();
      ChannelGroupFuture judgedEnd = judged.close();
      if (!closing.eventLoop().inEventLoop()) {
        end.awaitUninterruptibly();
        judgedEnd.awaitUninterruptibly();
      }
    }
  }
}
