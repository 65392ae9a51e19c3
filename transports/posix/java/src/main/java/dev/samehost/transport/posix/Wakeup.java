package dev.samehost.transport.posix;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A descriptor that becomes readable by {@link #set} and stays so until {@link #reset}: an eventfd,
 * or a pipe to oneself where there is none. Who uses it keeps it from being closed meanwhile.
 */
public final class Wakeup implements AutoCloseable {
  private final Fd source;
  private final Fd sink;
  private final AtomicBoolean isSet = new AtomicBoolean();

  /** Eight bytes to write and eight to read into; an eventfd wants a number that is not 0. */
  private final ByteBuffer bytes = NativeMemory.zeros(16);

  private final long address = NativeMemory.address(bytes);

  /** A new one, not set. */
  public Wakeup() throws SystemCallException {
    bytes.putLong(0, 1);
    if (Os.LINUX) {
      source = Fd.own(Fd.check("eventfd", Libc.Linux.eventfd(0, Os.EFD_CLOEXEC_NONBLOCK)));
      sink = source;
    } else {
      Fd.Pipe pipe = Fd.pipe();
      source = pipe.source();
      sink = pipe.sink();
      source.setNonBlocking();
      sink.setNonBlocking();
    }
  }

  /** The descriptor to wait for. */
  public int number() {
    return source.number();
  }

  /** Makes the descriptor readable. From any thread. */
  public void set() {
    if (isSet.compareAndSet(false, true)) {
      // Cannot fail: the counter is at most 1 (the pipe holds at most 8 bytes).
      try {
        Libc.write(sink.number(), address, 8);
      } finally {
        Reference.reachabilityFence(this);
      }
    }
  }

  /** Whether it is set, without a system call. */
  public boolean isSet() {
    return isSet.get();
  }

  /** Takes a {@link #set} back, after it was seen. One that comes in between is one with it. */
  public void reset() {
    Libc.read(source.number(), address + 8, 8);
    isSet.set(false); // keeps this, and with it the bytes
  }

  @Override
  public void close() {
    source.close();
    sink.close();
  }
}
