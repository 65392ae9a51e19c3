package dev.samehost.transport.shm;

import java.nio.ByteBuffer;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Bytes into a ring and out again, by one thread: what the ring itself costs, without a peer. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RingBenchmark {
  private static final int RING_BYTES = 1 << 20;

  /** How many bytes go through at a time. */
  @Param({"64", "65536"})
  public int size;

  private final RingWriter writer = new RingWriter(Side.CONNECTOR);
  private final RingReader reader = new RingReader(Side.CONNECTOR);
  private Region.Created memory;
  private ByteBuffer from;
  private ByteBuffer to;

  /** Makes the memory. */
  @Setup
  public void create() throws Exception {
    memory = Region.create(RING_BYTES);
    from = ByteBuffer.allocateDirect(size);
    to = ByteBuffer.allocateDirect(size);
  }

  /** Takes it away. */
  @TearDown
  public void close() {
    memory.region().close();
    memory.descriptor().close();
  }

  /** One write and one read. */
  @Benchmark
  public int writeAndRead() {
    int written = writer.write(memory.region(), from.clear());
    int read = reader.read(memory.region(), to.clear());
    if (written != size || read != size) {
      throw new IllegalStateException(written + " bytes written, " + read + " read");
    }
    return read;
  }
}
