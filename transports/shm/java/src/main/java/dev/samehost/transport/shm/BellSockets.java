package dev.samehost.transport.shm;

import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.SystemCallException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/**
 * The two sockets beside the memory, which it owns: the connection, which carries nothing but
 * doorbells, and the second one, which a peer's event loop plugs with bytes while it waits for
 * room. Bytes mean nothing, and are not counted.
 */
final class BellSockets implements AutoCloseable {
  /** What was found in a socket. */
  enum Found {
    NOTHING,
    RINGS,
    /** The peer has gone. */
    END
  }

  /** So much is taken in one go, and so often: a peer that never stops must not hold us up. */
  private static final int TAKEN_BYTES = 512;

  private static final int TAKES = 32;

  private final Fd bell;
  private final Fd second;
  private final ByteBuffer scratch = NativeMemory.zeros(TAKEN_BYTES + 1);
  private final long address = NativeMemory.address(scratch);

  BellSockets(Fd bell, Fd second) {
    this.bell = bell;
    this.second = second;
  }

  /** A pair of second sockets, with the smallest buffers there are. */
  static Fd[] secondPair() throws SystemCallException {
    ByteBuffer numbers = NativeMemory.zeros(12);
    long at = NativeMemory.address(numbers);
    int type = Natives.SOCK_STREAM | (Natives.LINUX ? Natives.SOCK_CLOEXEC : 0);
    try {
      Natives.check("socketpair", Natives.socketpair(Natives.AF_UNIX, type, 0, at));
      Fd[] pair = {Fd.own(numbers.getInt(0)), Fd.own(numbers.getInt(4))};
      numbers.putInt(8, 1);
      for (Fd end : pair) {
        if (!Natives.LINUX) {
          end.setCloseOnExec();
        }
        // A larger buffer than asked for makes the peer's plug larger, and nothing else.
        Natives.setsockopt(end.number(), Natives.SOL_SOCKET, Natives.SO_SNDBUF, at + 8, 4);
      }
      return pair;
    } finally {
      Reference.reachabilityFence(numbers);
    }
  }

  /** The descriptor that becomes readable when the peer rings or goes. */
  int number() {
    return bell.number();
  }

  /** Wakes the peer. Answers false when it has gone. From any thread. */
  boolean ring() {
    int flags = Natives.MSG_DONTWAIT | Natives.MSG_NOSIGNAL;
    while (Natives.send(bell.number(), address + TAKEN_BYTES, 1, flags) < 0) {
      int errno = Errno.last();
      if (Errno.EAGAIN.is(errno)) {
        // Full of rings that were not heard yet: it will be woken.
        return true;
      }
      if (!Errno.EINTR.is(errno)) {
        return false;
      }
    }
    return true;
  }

  /** Takes the rings of the peer. */
  Found hear() {
    return takeAll(bell);
  }

  /** Takes the peer's plug away. */
  void unplug() {
    takeAll(second);
  }

  /** What is taken is looked at by nobody, so that two threads may do this at once. */
  private Found takeAll(Fd socket) {
    Found found = Found.NOTHING;
    for (int i = 0; i < TAKES; i++) {
      long count = Natives.recv(socket.number(), address, TAKEN_BYTES, Natives.MSG_DONTWAIT);
      if (count == 0) {
        return Found.END;
      }
      if (count > 0) {
        found = Found.RINGS;
        if (count < TAKEN_BYTES) {
          break;
        }
        continue;
      }
      int errno = Errno.last();
      if (Errno.EAGAIN.is(errno)) {
        break;
      }
      if (!Errno.EINTR.is(errno)) {
        // The peer closed it with rings unheard, or something worse: it is over.
        return Found.END;
      }
    }
    return found;
  }

  @Override
  public void close() {
    bell.close();
    second.close();
  }
}
