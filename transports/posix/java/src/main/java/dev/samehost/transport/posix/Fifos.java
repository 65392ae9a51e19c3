package dev.samehost.transport.posix;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** What can be done with a FIFO and its name, each in one call. It holds nothing. */
public final class Fifos {
  private Fifos() {}

  /** For {@link #open}: to read. */
  public static final int READ = 0;

  /** For {@link #open}: to write; ENXIO where nobody reads. */
  public static final int WRITE = Os.O_WRONLY;

  /** For {@link #open}: both, so that neither direction has an end. */
  public static final int BOTH = Os.O_RDWR;

  /**
   * Makes a FIFO for this user alone, where nothing is yet; the answer is 0 or why not. The
   * process's mask takes bits of its mode away.
   */
  public static int make(String path) {
    ByteBuffer text = NativeMemory.text(path);
    try {
      return SystemCalls.mkfifo(NativeMemory.address(text), 0600) == 0 ? 0 : Errno.last();
    } finally {
      Reference.reachabilityFence(text);
    }
  }

  /** Opens a FIFO without waiting for anybody, and follows no symbolic link. */
  public static Fd open(String path, int access) throws SystemCallException {
    return Fd.open(path, access | Os.O_NONBLOCK | Os.O_NOFOLLOW);
  }

  /** Sets the mode to the user's alone. */
  public static void restrict(Fd fifo) throws SystemCallException {
    Sockets.check("fchmod", SystemCalls.fchmod(fifo.number(), 0600));
  }

  /** Locks it for as long as it is open; the answer is 0 or why not. */
  public static int lock(Fd fifo) {
    int result = SystemCalls.flock(fifo.number(), SystemCalls.LOCK_EX_NB);
    return result == 0 ? 0 : Errno.last();
  }

  /**
   * Reads what is there into a direct buffer.
   *
   * @return the number of bytes, 0 at the end, -1 when there are none yet
   */
  public static int read(Fd fifo, ByteBuffer direct) throws SystemCallException {
    while (true) {
      long at = NativeMemory.address(direct) + direct.position();
      long count = Libc.read(fifo.number(), at, direct.remaining());
      if (count >= 0) {
        direct.position(direct.position() + (int) count);
        return (int) count;
      }
      if (isWait("read")) {
        return -1;
      }
    }
  }

  /**
   * Writes bytes; up to PIPE_BUF of them are taken all or not at all.
   *
   * @return whether there was room
   */
  public static boolean write(Fd fifo, byte[] bytes) throws SystemCallException {
    ByteBuffer direct = NativeMemory.zeros(Math.max(1, bytes.length)).put(bytes);
    try {
      while (true) {
        if (Libc.write(fifo.number(), NativeMemory.address(direct), bytes.length) >= 0) {
          return true;
        }
        if (isWait("write")) {
          return false;
        }
      }
    } finally {
      Reference.reachabilityFence(direct);
    }
  }

  /** Whether the last call would have had to wait; it is to be repeated when not. */
  private static boolean isWait(String operation) throws SystemCallException {
    int errno = Errno.last();
    if (Errno.EAGAIN.is(errno)) {
      return true;
    }
    if (Errno.EINTR.is(errno)) {
      return false;
    }
    throw new SystemCallException(operation, errno);
  }

  /** Removes a name, if it is there. */
  public static void unlink(String path) {
    ByteBuffer text = NativeMemory.text(path);
    try {
      SystemCalls.unlink(NativeMemory.address(text));
    } finally {
      Reference.reachabilityFence(text);
    }
  }
}
