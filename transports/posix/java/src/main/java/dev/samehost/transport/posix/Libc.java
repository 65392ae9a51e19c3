package dev.samehost.transport.posix;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.util.Map;

/**
 * The functions of the C library that every POSIX system has, by JNA's direct mapping. Pointers are
 * numbers and nothing else is passed but numbers: that is what makes a call cheap. A function that
 * fails answers -1, and {@link Errno#last} says why, to the same thread and before its next call.
 */
final class Libc {
  /** What direct mapping cannot call: on some systems variadic arguments travel differently. */
  interface Variadic extends Library {
    int fcntl(int fd, int command, Object... arguments);

    int open(String path, int flags, Object... mode);
  }

  static final Variadic VARIADIC =
      Native.load(Variadic.class, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));

  static {
    Native.register(Libc.class, NativeLibrary.getProcess());
  }

  private Libc() {}

  static native long read(int fd, long bytes, long count);

  static native long write(int fd, long bytes, long count);

  static native long recv(int fd, long bytes, long count, int flags);

  static native long send(int fd, long bytes, long count, int flags);

  static native long sendmsg(int fd, long message, int flags);

  static native long recvmsg(int fd, long message, int flags);

  static native int poll(long descriptors, long count, int timeoutMillis);

  static native int close(int fd);

  static native int dup2(int from, int to);

  static native int pipe(long descriptors);

  static native int isatty(int fd);

  static native int getsockopt(int fd, int level, int name, long value, long length);

  static native int setsockopt(int fd, int level, int name, long value, int length);

  static native long strerror(int errno);

  /** Functions that only Linux has: one missing symbol would fail the registration of all. */
  static final class Linux {
    static {
      Native.register(Linux.class, NativeLibrary.getProcess());
    }

    private Linux() {}

    static native int pipe2(long descriptors, int flags);

    static native int eventfd(int count, int flags);

    static native int epoll_create1(int flags);

    static native int epoll_ctl(int epoll, int operation, int fd, long event);

    static native int epoll_wait(int epoll, long events, int most, int timeoutMillis);

    static native int ppoll(long descriptors, long count, long timeout, long signals);
  }
}
