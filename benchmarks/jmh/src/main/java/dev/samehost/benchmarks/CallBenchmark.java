package dev.samehost.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;
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

/**
 * A unary call by the stock blocking stub with both ends in this process, so that JMH counts what
 * both allocate: gc.alloc.rate.norm, bytes a call, protobuf's among them. For the time of a call
 * see the benchmarks of two processes.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CallBenchmark {
  private static final int SIZE = 64;

  /** Who carries the call, and over what. */
  @Param({"samehost shm", "samehost unix", "grpc-java unix"})
  public String over;

  private Echo echo;

  /** Serves and connects; both end with this process. */
  @Setup
  public void connect() throws Exception {
    Path folder = Files.createTempDirectory("samehost-");
    Path socket = folder.resolve("jmh.sock");
    socket.toFile().deleteOnExit();
    folder.toFile().deleteOnExit();
    String[] words = over.split(" ", -1);
    Flags flags = new Flags(words[0], words[1] + ":" + socket);
    Systems.serve(flags, () -> {});
    echo = Systems.connect(flags);
  }

  /** One call. */
  @Benchmark
  public void unary() throws Exception {
    echo.unary(SIZE);
  }
}
