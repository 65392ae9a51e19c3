package dev.samehost.transport.posix;

import com.sun.jna.Native;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * Waits for several descriptors, three unless told otherwise. It owns none of them. Used by one
 * thread at a time.
 */
public final class Poll {
  /** Bytes can be read, or the end. */
  public static final int READABLE = Os.POLLIN;

  /** Bytes can be written. */
  public static final int WRITABLE = Os.POLLOUT;

  /** The other end writes no more; told even while bytes are there to be read. */
  public static final int HANG_UP = Os.POLLHUP | (Os.LINUX ? Os.POLLRDHUP : 0);

  private static final int ENTRY_BYTES = 8;

  private final int size;
  private final int timeoutAt;

  /** So many struct pollfd {int fd; short events; short revents}, and a struct timespec. */
  private final ByteBuffer memory;

  private final long address;

  /** A poll of no descriptor. */
  public Poll() {
    this(3);
  }

  /** A poll of no descriptor, with room for so many. */
  public Poll(int size) {
    this.size = size;
    this.timeoutAt = size * ENTRY_BYTES;
    this.memory = NativeMemory.zeros(timeoutAt + 16);
    this.address = NativeMemory.address(memory);
    for (int index = 0; index < size; index++) {
      set(index, -1, 0);
    }
  }

  /** Descriptor {@code index} waits for {@code events}; for nothing at all when they are 0. */
  public void set(int index, int fd, int events) {
    // A negative number is passed over; with no events a hang-up would still be told.
    memory.putInt(index * ENTRY_BYTES, events == 0 ? -1 : fd);
    memory.putInt(index * ENTRY_BYTES + 4, 0);
    memory.putShort(index * ENTRY_BYTES + 4, (short) events);
  }

  /** Descriptor {@code index} waits for its failures alone, such as that nobody reads it. */
  public void setForFailures(int index, int fd) {
    memory.putInt(index * ENTRY_BYTES, fd);
    memory.putInt(index * ENTRY_BYTES + 4, 0);
  }

  /** What was found at descriptor {@code index}; failures too, though nobody waits for them. */
  public int ready(int index) {
    return memory.getShort(index * ENTRY_BYTES + 6);
  }

  /**
   * Waits until one is ready, for {@code timeoutNanos} at most, or without a limit when that is the
   * largest number there is.
   *
   * @return how many are ready; less than 0 when it failed, with {@link Errno#last}
   */
  public int run(long timeoutNanos) {
    try {
      return call(timeoutNanos);
    } finally {
      // Or the memory could be freed while the system waits, which writes to it at the end.
      Reference.reachabilityFence(this);
    }
  }

  private int call(long timeoutNanos) {
    if (timeoutNanos == Long.MAX_VALUE) {
      return Libc.poll(address, size, -1);
    }
    if (Os.LINUX) {
      long seconds = TimeUnit.NANOSECONDS.toSeconds(timeoutNanos);
      long nanos = timeoutNanos - TimeUnit.SECONDS.toNanos(seconds);
      if (Native.LONG_SIZE == 8) {
        memory.putLong(timeoutAt, seconds).putLong(timeoutAt + 8, nanos);
        return Libc.Linux.ppoll(address, size, address + timeoutAt, 0);
      }
    }
    long millis = TimeUnit.NANOSECONDS.toMillis(timeoutNanos);
    return Libc.poll(address, size, (int) Math.min(millis, Integer.MAX_VALUE));
  }
}
