package dev.samehost.transport.reception;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.kqueue.KQueue;
import io.netty.channel.kqueue.KQueueIoHandler;
import io.netty.channel.kqueue.KQueueServerDomainSocketChannel;
import io.netty.channel.kqueue.KQueueServerSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/**
 * The one thread of this process on which all listeners accept and judge first bytes. It is made
 * with the first listener, is a daemon and never ends; no user code runs on it.
 */
final class ListenerLoop {
  private ListenerLoop() {}

  /** Why there is none on this system; null when there is one. */
  static Throwable unavailability() {
    return Epoll.isAvailable() || KQueue.isAvailable() ? null : Epoll.unavailabilityCause();
  }

  static EventLoopGroup group() {
    return Holder.GROUP;
  }

  /** A server channel for sockets of the kind that {@code address} is of. */
  static ServerChannel newServer(SocketAddress address) {
    if (address instanceof InetSocketAddress port) {
      SocketProtocolFamily family =
          port.getAddress() instanceof Inet6Address
              ? SocketProtocolFamily.INET6
              : SocketProtocolFamily.INET;
      return Epoll.isAvailable()
          ? new EpollServerSocketChannel(family)
          : new KQueueServerSocketChannel();
    }
    return Epoll.isAvailable()
        ? new EpollServerDomainSocketChannel()
        : new KQueueServerDomainSocketChannel();
  }

  private static final class Holder {
    private static final EventLoopGroup GROUP =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("samehost-listener", true), handlers());

    private static IoHandlerFactory handlers() {
      return Epoll.isAvailable() ? EpollIoHandler.newFactory() : KQueueIoHandler.newFactory();
    }
  }
}
