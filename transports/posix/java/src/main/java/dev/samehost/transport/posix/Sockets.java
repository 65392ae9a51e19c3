package dev.samehost.transport.posix;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** What can be done with a socket of any family, each in one call. It holds nothing. */
public final class Sockets {
  private Sockets() {}

  /** A new stream socket, close-on-exec. */
  public static Fd create(int family, boolean nonBlocking) throws SystemCallException {
    int flags = SystemCalls.LINUX ? SystemCalls.SOCK_CLOEXEC : 0;
    int number = SystemCalls.socket(family, SystemCalls.SOCK_STREAM | flags, 0);
    Fd socket = Fd.own(check("socket", number));
    try {
      if (!SystemCalls.LINUX) {
        socket.setCloseOnExec();
      }
      if (nonBlocking) {
        socket.setNonBlocking();
      }
      return socket;
    } catch (SystemCallException e) {
      socket.close();
      throw e;
    }
  }

  /** Connects; the answer is 0 or why not. */
  public static int connect(Fd socket, ByteBuffer sockaddr) {
    try {
      int result =
          SystemCalls.connect(socket.number(), NativeMemory.address(sockaddr), sockaddr.capacity());
      return result == 0 ? 0 : Errno.last();
    } finally {
      Reference.reachabilityFence(sockaddr);
    }
  }

  /** Sets an option that is an int. */
  public static void set(int socket, int level, int name, int value) throws SystemCallException {
    ByteBuffer memory = NativeMemory.zeros(4).putInt(0, value);
    try {
      long at = NativeMemory.address(memory);
      check("setsockopt", SystemCalls.setsockopt(socket, level, name, at, 4));
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  /** The value of an option that is an int. */
  public static int get(int socket, int level, int name) throws SystemCallException {
    ByteBuffer memory = NativeMemory.zeros(8).putInt(4, 4);
    try {
      long at = NativeMemory.address(memory);
      check("getsockopt", SystemCalls.getsockopt(socket, level, name, at, at + 4));
      return memory.getInt(0);
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  /** The result of a call that answers less than 0 when it fails. */
  public static int check(String operation, int result) throws SystemCallException {
    return Fd.check(operation, result);
  }
}
