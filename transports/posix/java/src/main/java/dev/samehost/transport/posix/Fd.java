package dev.samehost.transport.posix;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The owner of a file descriptor, which it closes once and only once. It does not know who uses the
 * number: whoever shares a descriptor between threads (as {@link FdLink} does) sees to it that
 * nobody is inside when it is closed, or the number might be somebody else's by then.
 */
public final class Fd implements AutoCloseable {
  private final int number;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Fd(int number) {
    this.number = number;
  }

  /** Takes over a descriptor. */
  public static Fd own(int number) {
    if (number < 0) {
      throw new IllegalArgumentException("no descriptor: " + number);
    }
    return new Fd(number);
  }

  /**
   * Opens a file for reading and writing, and makes it where there is none, for its owner alone. It
   * follows no symbolic link, by which another user could have a file made elsewhere.
   */
  public static Fd openOrCreate(String path) throws SystemCallException {
    return open(path, Os.O_RDWR | Os.O_CREAT | Os.O_NOFOLLOW);
  }

  /**
   * Opens a pipe or FIFO for reading, non-blocking, with an open file description of its own; with
   * the path {@code /proc/self/fd/N} also one that was inherited.
   */
  public static Fd openSource(String path) throws SystemCallException {
    return open(path, Os.O_NONBLOCK);
  }

  /** As {@link #openSource}, for writing. */
  public static Fd openSink(String path) throws SystemCallException {
    return open(path, Os.O_WRONLY | Os.O_NONBLOCK);
  }

  static Fd open(String path, int flags) throws SystemCallException {
    return own(check("open", Libc.VARIADIC.open(path, flags | Os.O_CLOEXEC, 0600)));
  }

  /** A new pipe, both ends close-on-exec and at least 3. */
  public static Pipe pipe() throws SystemCallException {
    ByteBuffer ends = NativeMemory.zeros(8);
    long address = NativeMemory.address(ends);
    if (Os.LINUX) {
      check("pipe2", Libc.Linux.pipe2(address, Os.O_CLOEXEC));
    } else {
      check("pipe", Libc.pipe(address));
    }
    Fd source = own(ends.getInt(0));
    Fd sink = own(ends.getInt(4));
    try {
      if (!Os.LINUX) {
        source.setCloseOnExec();
        sink.setCloseOnExec();
      }
      source = source.aboveStandard();
      sink = sink.aboveStandard();
      return new Pipe(source, sink);
    } catch (SystemCallException e) {
      source.close();
      sink.close();
      throw e;
    }
  }

  /** This one, or a second one instead when a process without standard streams got 0, 1 or 2. */
  private Fd aboveStandard() throws SystemCallException {
    if (number > 2) {
      return this;
    }
    Fd above = duplicate(number);
    close();
    return above;
  }

  /**
   * A second descriptor of the file behind {@code number}, at least 3 and close-on-exec. Both share
   * one open file description, and with it the mode that {@link #setNonBlocking} changes.
   */
  public static Fd duplicate(int number) throws SystemCallException {
    return own(check("fcntl", Libc.VARIADIC.fcntl(number, Os.F_DUPFD_CLOEXEC, 3)));
  }

  /** Makes {@code target} another descriptor of {@code number}'s file, not close-on-exec. */
  public static void copy(int number, int target) throws SystemCallException {
    check("dup2", Libc.dup2(number, target));
  }

  /**
   * Makes reading and writing never wait. Only for what this process has opened itself: the mode
   * belongs to the open file description, which an inherited descriptor shares with others.
   */
  public void setNonBlocking() throws SystemCallException {
    int flags = check("fcntl", Libc.VARIADIC.fcntl(number, Os.F_GETFL));
    check("fcntl", Libc.VARIADIC.fcntl(number, Os.F_SETFL, flags | Os.O_NONBLOCK));
  }

  /** Keeps it from a program that this process starts. Better done by whatever makes it. */
  public void setCloseOnExec() throws SystemCallException {
    check("fcntl", Libc.VARIADIC.fcntl(number, Os.F_SETFD, Os.FD_CLOEXEC));
  }

  /** Whether {@code number} is a descriptor of a terminal. */
  public static boolean isTerminal(int number) {
    return Libc.isatty(number) == 1;
  }

  /** Whether {@code number} is a descriptor of a socket. */
  public static boolean isSocket(int number) {
    ByteBuffer value = NativeMemory.zeros(8);
    value.putInt(4, 4);
    long address = NativeMemory.address(value);
    try {
      return Libc.getsockopt(number, Os.SOL_SOCKET, Os.SO_TYPE, address, address + 4) == 0;
    } finally {
      Reference.reachabilityFence(value);
    }
  }

  /** The number, which stays this file's until {@link #close}. */
  public int number() {
    return number;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      // Never repeated, whatever it answers: the number is free after any close, EINTR included.
      Libc.close(number);
    }
  }

  static int check(String operation, int result) throws SystemCallException {
    if (result < 0) {
      throw new SystemCallException(operation, Errno.last());
    }
    return result;
  }

  /** The two ends of a pipe. */
  public record Pipe(Fd source, Fd sink) implements AutoCloseable {
    @Override
    public void close() {
      source.close();
      sink.close();
    }
  }
}
