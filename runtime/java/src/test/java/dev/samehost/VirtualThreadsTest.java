package dev.samehost;

import static com.google.common.truth.Truth.assertWithMessage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Callers and handlers on virtual threads. It runs where there are some: on JDK 21 and later. */
@Tag("jdk21")
@Timeout(3 * Setting.PATIENCE_SECONDS)
final class VirtualThreadsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void aVirtualThreadThatWaitsForItsAnswerLeavesItsCarrierToOthers(Setting.Transport transport)
      throws Exception {
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djdk.virtualThreadScheduler.parallelism=1",
                "-Djdk.virtualThreadScheduler.maxPoolSize=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                VirtualCallers.class.getName(),
                transport.name(),
                folder.resolve("pinned.jfr").toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      boolean ended = process.waitFor(2 * Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertWithMessage("all are answered; %s", Files.readString(output)).that(ended).isTrue();
      assertWithMessage(Files.readString(output)).that(process.exitValue()).isEqualTo(0);
    } finally {
      process.destroyForcibly();
    }
  }
}
