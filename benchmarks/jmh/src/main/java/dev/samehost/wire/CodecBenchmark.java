package dev.samehost.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The two frames of a unary call, from values to bytes and back. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CodecBenchmark {
  private static final int END = Flags.END;
  private static final byte[] NO_TEXT = {};

  /** The size of the message. */
  @Param({"64", "65536"})
  public int size;

  private final FrameWriter writer = new FrameWriter();
  private final FrameReader reader = new FrameReader(1 << 20);
  private final ByteBuffer bytes =
      ByteBuffer.allocateDirect(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
  private ByteBuffer message;

  /** Makes the message. */
  @Setup
  public void prepare() {
    message = ByteBuffer.allocate(size);
  }

  /** OPEN with the message, of a method that the peer knows. */
  @Benchmark
  public int open() throws WireException {
    writer.open(1, END, 1, null, -1, MetadataBlock.EMPTY, message.clear());
    return across();
  }

  /** STATUS with the message, and without metadata. */
  @Benchmark
  public int status() throws WireException {
    writer.status(1, 0, 0, MetadataBlock.EMPTY, NO_TEXT, MetadataBlock.EMPTY, message.clear());
    return across();
  }

  /** What is written is copied, as a link does, and read. */
  private int across() throws WireException {
    int count = writer.pending();
    bytes.clear().put(writer.view()).flip();
    writer.sent(count);
    if (!reader.next(bytes)) {
      throw new IllegalStateException("a frame that is not whole");
    }
    int length = reader.payload().remaining();
    reader.release(bytes);
    return length;
  }
}
