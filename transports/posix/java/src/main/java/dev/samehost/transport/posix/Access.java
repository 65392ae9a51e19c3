package dev.samehost.transport.posix;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** How a descriptor is read and written without ever waiting. */
public enum Access {
  /** A socket: each call says for itself that it does not wait, nor raises SIGPIPE. */
  SOCKET {
    @Override
    long read(int fd, long bytes, int count) {
      return Libc.recv(fd, bytes, count, Os.MSG_DONTWAIT);
    }

    @Override
    long write(int fd, long bytes, int count) {
      return Libc.send(fd, bytes, count, Os.MSG_DONTWAIT | Os.MSG_NOSIGNAL);
    }

    @Override
    void prepare(int fd) {
      if (!Os.LINUX) {
        ByteBuffer one = NativeMemory.zeros(4).putInt(0, 1);
        long address = NativeMemory.address(one);
        try {
          Libc.setsockopt(fd, Os.SOL_SOCKET, Os.SO_NOSIGPIPE, address, 4);
        } finally {
          Reference.reachabilityFence(one);
        }
      }
    }
  },

  /**
   * A pipe or FIFO whose open file description is this process's own and non-blocking. A write to
   * one that nobody reads raises SIGPIPE, which harms no JVM: HotSpot has a handler for it that
   * does nothing, whatever its options are.
   */
  NON_BLOCKING {
    @Override
    long read(int fd, long bytes, int count) {
      return Libc.read(fd, bytes, count);
    }

    @Override
    long write(int fd, long bytes, int count) {
      return Libc.write(fd, bytes, count);
    }
  },

  /**
   * Anything whose open file description is shared with strangers, so that its mode must not be
   * changed. It is asked first whether it is ready, and is then written no more than a pipe takes
   * whole.
   */
  SHARED {
    @Override
    long read(int fd, long bytes, int count) {
      return isReady(fd, Os.POLLIN) ? Libc.read(fd, bytes, count) : NOT_READY;
    }

    @Override
    long write(int fd, long bytes, int count) {
      return isReady(fd, Os.POLLOUT)
          ? Libc.write(fd, bytes, Math.min(count, Os.PIPE_BUF))
          : NOT_READY;
    }
  };

  /** What {@link #read} and {@link #write} answer instead of failing with EAGAIN. */
  static final long NOT_READY = -2;

  abstract long read(int fd, long bytes, int count);

  abstract long write(int fd, long bytes, int count);

  void prepare(int fd) {}

  private static boolean isReady(int fd, int event) {
    ByteBuffer descriptor = NativeMemory.zeros(8);
    descriptor.putInt(0, fd).putShort(4, (short) event);
    long address = NativeMemory.address(descriptor);
    return Libc.poll(address, 1, 0) > 0 && descriptor.getShort(6) != 0;
  }
}
