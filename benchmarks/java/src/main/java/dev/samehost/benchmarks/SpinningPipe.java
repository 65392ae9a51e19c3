package dev.samehost.benchmarks;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.SystemCallException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;

/**
 * Two pipes that are read and written without waiting, by the C library's own functions: the JDK's
 * channels over pipes can only wait. It holds the place of one direct buffer, its user's only one.
 */
final class SpinningPipe implements ByteChannel {
  private static final short POLLIN = 1;

  static {
    Native.register(SpinningPipe.class, NativeLibrary.getProcess());
  }

  private final Fd source;
  private final Fd sink;
  private final ByteBuffer pollfd = NativeMemory.zeros(8);
  private ByteBuffer buffer;
  private long address;

  /** Opens both anew, so that the mode of nobody else's descriptors changes. */
  SpinningPipe(String source, String sink) throws IOException {
    try {
      this.source = Fd.openSource(source);
      this.sink = Fd.openSink(sink);
    } catch (SystemCallException e) {
      throw new IOException(e);
    }
    pollfd.putInt(0, this.source.number()).putShort(4, POLLIN);
  }

  private static native long read(int fd, long bytes, long count);

  private static native long write(int fd, long bytes, long count);

  private static native int poll(long descriptors, long count, int timeoutMillis);

  @Override
  public int read(ByteBuffer destination) throws IOException {
    long count = read(source.number(), place(destination), destination.remaining());
    return count == 0 ? -1 : moved("read", destination, count);
  }

  @Override
  public int write(ByteBuffer bytes) throws IOException {
    return moved("write", bytes, write(sink.number(), place(bytes), bytes.remaining()));
  }

  /** Sleeps until there is something to read. */
  void sleep() {
    poll(NativeMemory.address(pollfd), 1, -1);
  }

  @SuppressWarnings("ReferenceEquality") // equal bytes elsewhere are not this memory
  private long place(ByteBuffer used) {
    if (buffer != used) {
      buffer = used;
      address = NativeMemory.address(used);
    }
    return address + used.position();
  }

  private static int moved(String operation, ByteBuffer buffer, long count) throws IOException {
    if (count < 0) {
      int errno = Errno.last();
      if (Errno.EAGAIN.is(errno)) {
        return 0;
      }
      throw new IOException(new SystemCallException(operation, errno));
    }
    buffer.position(buffer.position() + (int) count);
    return (int) count;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {
    source.close();
    sink.close();
  }
}
