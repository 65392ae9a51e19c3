package dev.samehost.transport.unix;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.ChannelGroupFuture;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.channel.unix.Errors;

/** Listens on a Unix socket, on Netty. It hands each connection to a {@link Judge} of its own. */
final class UnixListener implements Listener {
  private final SocketName name;
  private final Endpoint endpoint;
  private final AllowedUsers users;
  private final TransportOptions options;
  private Channel server;
  private ChannelGroup judged;
  private boolean closed;

  UnixListener(SocketName name, Endpoint endpoint, AllowedUsers users, TransportOptions options) {
    this.name = name;
    this.endpoint = endpoint;
    this.users = users;
    this.options = options;
  }

  @Override
  public synchronized void start(Acceptor acceptor) throws LinkException {
    if (closed || server != null) {
      throw new IllegalStateException("a listener is started once");
    }
    Throwable unavailability = ListenerLoop.unavailability();
    if (unavailability != null) {
      throw Fault.LISTEN_FAILED.causedBy(
          unavailability, name.address(), "loading epoll or kqueue", unavailability.getMessage());
    }
    judged = new DefaultChannelGroup(ListenerLoop.group().next(), true);
    Channel bound = bind(endpoint.claim(), acceptor);
    try {
      endpoint.publish();
    } catch (LinkException e) {
      bound.close().awaitUninterruptibly();
      throw e;
    }
    server = bound;
    bound.closeFuture().addListener(ignored -> ended(acceptor));
  }

  private Channel bind(String path, Acceptor acceptor) throws LinkException {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(ListenerLoop.group())
            .channelFactory(ListenerLoop::newServer)
            .childHandler(
                new ChannelInitializer<DomainSocketChannel>() {
                  @Override
                  protected void initChannel(DomainSocketChannel connection) {
                    judged.add(connection);
                    connection
                        .pipeline()
                        .addLast(
                            new Judge(
                                address(),
                                acceptor,
                                UnixListener.this::isListening,
                                users,
                                options));
                  }
                });
    ChannelFuture bound = bootstrap.bind(new DomainSocketAddress(path)).awaitUninterruptibly();
    if (bound.isSuccess()) {
      return bound.channel();
    }
    LinkException failure = failure(bound.cause());
    endpoint.close();
    throw failure;
  }

  private LinkException failure(Throwable cause) {
    return cause instanceof Errors.NativeIoException system
        ? endpoint.bindFailure(-system.expectedErr())
        : Fault.LISTEN_FAILED.causedBy(cause, name.address(), "bind", cause.getMessage());
  }

  private synchronized boolean isListening() {
    return !closed;
  }

  private void ended(Acceptor acceptor) {
    if (isListening()) {
      acceptor.ended(Fault.LISTEN_FAILED.with(name.address(), "accept", "the socket was closed"));
    }
  }

  @Override
  public String address() {
    return name.address().toString();
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
