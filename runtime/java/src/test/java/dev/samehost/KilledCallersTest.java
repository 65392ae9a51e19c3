package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static dev.samehost.Setting.note;

import dev.samehost.call.QuietTime;
import dev.samehost.test.EchoGrpc;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Callers over shared memory that are killed in the middle of calls and of half-written frames. */
@Timeout(5 * Setting.PATIENCE_SECONDS)
final class KilledCallersTest {
  /** Processes with one link each. */
  private static final int ALONE = 20;

  /** Processes with many, all of which end at once. */
  private static final int CROWDS = 10;

  private static final int CROWD = 100;

  /** So many processes start at a time. */
  private static final int STARTERS = 4;

  /** What this process has, and what stands in the folder of its server. */
  private record Belongings(int descriptors, long rings, long threads, long files) {
    static Belongings of(Path folder) throws IOException {
      String mappings = Files.readString(Path.of("/proc/self/maps"));
      try (var files = Files.list(folder)) {
        return new Belongings(
            Descriptors.count(),
            mappings.lines().filter(line -> line.contains("memfd:samehost")).count(),
            Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("samehost-server-"))
                .count(),
            files.count());
      }
    }

    boolean exceeds(Belongings other) {
      return descriptors > other.descriptors
          || rings > other.rings
          || threads > other.threads
          || files > other.files;
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aThousandThatAreKilledLeaveNoDescriptorMappingThreadOrFile() throws Exception {
    ExecutorService starters = Executors.newFixedThreadPool(STARTERS);
    // Some readers have left before the peer is killed, and some have not.
    try (QuietTime time = QuietTime.of(TimeUnit.MILLISECONDS.toNanos(5));
        Setting setting = new Setting(Setting.Transport.SHM)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub bystander = setting.blocking();
      assertThat(bystander.unary(note("before"))).isEqualTo(note("before"));
      killOne(setting.folder(), 3, 0);
      setting.awaitAway(); // what a process makes once is made by now
      Belongings before = Belongings.of(setting.folder());
      awaitNoMoreThan(before, setting.folder());
      List<Future<?>> killed = new ArrayList<>();
      for (int i = 0; i < ALONE + CROWDS; i++) {
        int number = i;
        int links = number % 3 == 0 ? CROWD : 1;
        killed.add(
            starters.submit(
                () -> {
                  killOne(setting.folder(), links, number);
                  return null;
                }));
      }
      for (Future<?> one : killed) {
        one.get();
        assertThat(bystander.unary(note("meanwhile"))).isEqualTo(note("meanwhile"));
      }
      awaitNoMoreThan(before, setting.folder());
      assertThat(setting.blocking().unary(note("after"))).isEqualTo(note("after"));
    } finally {
      starters.shutdownNow();
    }
  }

  /**
   * Starts a process with so many links, and kills it once each of them is in the middle of
   * something.
   */
  private static void killOne(Path folder, int links, int kind) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED", // or a new JVM's first line is a warning
                "-cp",
                System.getProperty("java.class.path"),
                DoomedCallers.class.getName(),
                folder.resolve("socket").toString(),
                Integer.toString(links),
                Integer.toString(kind))
            .redirectErrorStream(true)
            .start();
    try (var said = process.inputReader()) {
      assertThat(said.readLine()).isEqualTo("IN THE MIDDLE");
      TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextInt(20));
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  /** What is left over is let go by other threads, soon. */
  private static void awaitNoMoreThan(Belongings before, Path folder) throws Exception {
    long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(Setting.PATIENCE_SECONDS);
    Belongings now = Belongings.of(folder);
    while (now.exceeds(before) && patience - System.nanoTime() > 0) {
      TimeUnit.MILLISECONDS.sleep(20);
      now = Belongings.of(folder);
    }
    assertWithMessage("%s after, %s before", now, before).that(now.exceeds(before)).isFalse();
  }
}
