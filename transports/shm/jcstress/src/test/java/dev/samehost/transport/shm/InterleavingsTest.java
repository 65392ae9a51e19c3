package dev.samehost.transport.shm;

import static com.google.common.truth.Truth.assertWithMessage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs all that jcstress finds here, in JVMs of its own. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class InterleavingsTest {
  private static final int STRIDE = 64;
  private static final int STRIDES = 16;

  /** How many rounds have their memory at a time. */
  static final int ROUNDS_AT_ONCE = STRIDE * STRIDES;

  @TempDir Path folder;

  @Test
  void no_interleaving_of_two_threads_breaks_a_promise_of_the_ring_or_of_the_bells()
      throws Exception {
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "org.openjdk.jcstress.Main",
                "-af",
                "NONE",
                "-jvmArgs",
                "-Xmx512m",
                "-f",
                "1",
                "-sc",
                "false",
                "-iters",
                "3",
                "-time",
                "500",
                "-strideSize",
                Integer.toString(STRIDE),
                "-strideCount",
                Integer.toString(STRIDES),
                "-r",
                folder.resolve("report").toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertWithMessage("it ends").that(process.waitFor(9, TimeUnit.MINUTES)).isTrue();
      String said = Files.readString(output);
      assertWithMessage(said).that(process.exitValue()).isEqualTo(0);
      assertWithMessage(said).that(said).containsMatch("Results: ([1-9]\\d*) planned; \\1 passed");
    } finally {
      process.destroyForcibly();
    }
  }
}
