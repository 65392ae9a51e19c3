package dev.samehost.transport.tcp;

import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.Sockets;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.posix.SystemCalls;
import java.lang.ref.Reference;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What can be done with a TCP socket, each in one call. It holds nothing. */
final class TcpSocket {
  static final int IPPROTO_TCP = 6;
  static final int TCP_NODELAY = 1;
  static final int SO_KEEPALIVE = SystemCalls.LINUX ? 9 : 8;
  private static final int SO_ERROR = SystemCalls.LINUX ? 4 : 0x1007;
  private static final int TCP_KEEPIDLE = SystemCalls.LINUX ? 4 : 0x10;
  private static final int TCP_KEEPINTVL = SystemCalls.LINUX ? 5 : 0x101;
  private static final int TCP_KEEPCNT = SystemCalls.LINUX ? 6 : 0x102;

  /** Only Linux has it. */
  private static final int TCP_USER_TIMEOUT = 18;

  /** How long a peer beyond this host may be silent until it is asked whether it is there. */
  private static final int IDLE_SECONDS = 30;

  /** How often it is asked then. */
  private static final int INTERVAL_SECONDS = 10;

  /** And how many times before it is given up. */
  private static final int QUESTIONS = 3;

  private TcpSocket() {}

  /** A new socket for an address, non-blocking. */
  static Fd create(InetSocketAddress endpoint) throws SystemCallException {
    return Sockets.create(family(endpoint), true);
  }

  private static int family(InetSocketAddress endpoint) {
    return endpoint.getAddress() instanceof Inet6Address
        ? SystemCalls.AF_INET6
        : SystemCalls.AF_INET;
  }

  /**
   * Makes a connection ready for calls: nothing is held back to be sent with more. The end of a
   * process is always told, but that of a host or of a line is not: where the peer is not of this
   * host it is asked for.
   */
  static void prepare(int socket, InetAddress peer) throws SystemCallException {
    Sockets.set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if (!peer.isLoopbackAddress()) {
      Sockets.set(socket, SystemCalls.SOL_SOCKET, SO_KEEPALIVE, 1);
      Sockets.set(socket, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_SECONDS);
      Sockets.set(socket, IPPROTO_TCP, TCP_KEEPINTVL, INTERVAL_SECONDS);
      Sockets.set(socket, IPPROTO_TCP, TCP_KEEPCNT, QUESTIONS);
      if (SystemCalls.LINUX) {
        int millis = 1000 * (IDLE_SECONDS + INTERVAL_SECONDS * QUESTIONS);
        Sockets.set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, millis);
      }
    }
  }

  /** Begins to connect; the answer is 0 or why not. */
  static int connect(Fd socket, InetSocketAddress endpoint) {
    return Sockets.connect(socket, sockaddr(endpoint));
  }

  /** What became of a connect that took its time: 0, or why it failed. */
  static int outcome(Fd socket) throws SystemCallException {
    return Sockets.get(socket.number(), SystemCalls.SOL_SOCKET, SO_ERROR);
  }

  /**
   * Whether a connection leads to its own socket. One to a port that nobody listens on, and that
   * the system then chose for this side as well, does.
   */
  static boolean isToItself(Fd socket) throws SystemCallException {
    // Twice a struct sockaddr_in6 at most, and its length.
    ByteBuffer own = NativeMemory.zeros(36).putInt(32, 28);
    ByteBuffer peer = NativeMemory.zeros(36).putInt(32, 28);
    try {
      long at = NativeMemory.address(own);
      Sockets.check("getsockname", SystemCalls.getsockname(socket.number(), at, at + 32));
      at = NativeMemory.address(peer);
      if (SystemCalls.getpeername(socket.number(), at, at + 32) < 0) {
        int errno = Errno.last();
        if (Errno.ENOTCONN.is(errno)) {
          return false; // it has been ended since, which is told when it is read
        }
        throw new SystemCallException("getpeername", errno);
      }
      return own.equals(peer);
    } finally {
      Reference.reachabilityFence(own);
      Reference.reachabilityFence(peer);
    }
  }

  /** The struct sockaddr_in or sockaddr_in6; its capacity is its length. */
  private static ByteBuffer sockaddr(InetSocketAddress endpoint) {
    byte[] ip = endpoint.getAddress().getAddress();
    boolean six = ip.length == 16;
    ByteBuffer sockaddr = NativeMemory.zeros(six ? 28 : 16);
    if (SystemCalls.LINUX) {
      sockaddr.putShort(0, (short) family(endpoint));
    } else {
      sockaddr.put(0, (byte) sockaddr.capacity()).put(1, (byte) family(endpoint));
    }
    sockaddr.order(ByteOrder.BIG_ENDIAN).putShort(2, (short) endpoint.getPort());
    if (endpoint.getAddress() instanceof Inet6Address scoped) {
      sockaddr.order(ByteOrder.nativeOrder()).putInt(24, scoped.getScopeId());
    }
    return sockaddr.put(six ? 8 : 4, ip);
  }
}
