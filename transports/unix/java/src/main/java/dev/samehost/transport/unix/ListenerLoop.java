package dev.samehost.transport.unix;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.kqueue.KQueue;
import io.netty.channel.kqueue.KQueueDomainSocketChannel;
import io.netty.channel.kqueue.KQueueIoHandler;
import io.netty.channel.kqueue.KQueueServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.channel.unix.PeerCredentials;
import io.netty.channel.unix.ServerDomainSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;

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

  static ServerDomainSocketChannel newServer() {
    return Epoll.isAvailable()
        ? new EpollServerDomainSocketChannel()
        : new KQueueServerDomainSocketChannel();
  }

  /** The process at the other end of a connection that such a channel accepted. */
  static PeerCredentials credentials(DomainSocketChannel connection) throws IOException {
    return connection instanceof EpollDomainSocketChannel epoll
        ? epoll.peerCredentials()
        : ((KQueueDomainSocketChannel) connection).peerCredentials();
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
