package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;

import dev.samehost.call.SlowTime;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Blocking calls a millisecond apart: the caller and the server's reader take part in them, and
 * hardly anybody else is woken.
 */
@EnabledOnOs(OS.LINUX) // which tells how often each thread has slept
@Timeout(4 * Setting.PATIENCE_SECONDS)
final class FarApartTest {
  private static final int CALLS = 400;
  private static final long APART_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** Too slow for a reader that others wait for, but not for one whose call is alone. */
  private static final long HANDLER_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  /** Of each kind of thread: a look every two milliseconds is too often. */
  private static final long MOST_APART_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private static final class Slow extends EchoGrpc.EchoImplBase {
    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      long end = System.nanoTime() + HANDLER_NANOS;
      while (end - System.nanoTime() > 0) {
        Thread.onSpinWait();
      }
      responses.onNext(request);
      responses.onCompleted();
    }
  }

  /** How often threads of ours have gone to sleep so far, by the 15 bytes that Linux keeps. */
  private static Map<String, Long> sleeps() throws IOException {
    Map<String, Long> sleeps = new HashMap<>();
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
      for (Path thread : threads) {
        String name = "";
        try {
          for (String line : Files.readAllLines(thread.resolve("status"))) {
            String[] field = line.split(":\\s*", 2);
            if (field[0].equals("Name")) {
              name = field[1];
            } else if (field[0].equals("voluntary_ctxt_switches") && name.startsWith("samehost")) {
              sleeps.merge(name, Long.valueOf(field[1]), Long::sum);
            }
          }
        } catch (IOException e) {
          // The thread has ended just now.
        }
      }
    }
    return sleeps;
  }

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void nobodyIsWokenInVain(Setting.Transport transport) throws Exception {
    try (SlowTime time = SlowTime.of(HANDLER_NANOS / 2);
        Setting setting = new Setting(transport)) {
      setting.start(setting.server().addService(new Slow()));
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      Map<String, Long> inVain;
      long most;
      long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(Setting.PATIENCE_SECONDS);
      // At first nothing is compiled, and a busy machine may hold up a handler at any time.
      do {
        Map<String, Long> before = sleeps();
        long began = System.nanoTime();
        for (int i = 1; i <= CALLS; i++) {
          assertThat(stub.unary(note("a"))).isEqualTo(note("a"));
          LockSupport.parkNanos(began + i * APART_NANOS - System.nanoTime());
        }
        most = (System.nanoTime() - began) / MOST_APART_NANOS;
        inVain = sleeps();
        inVain.keySet().removeIf(name -> name.equals("samehost-server"));
        inVain.replaceAll((name, count) -> count - before.getOrDefault(name, 0L));
        long limit = most;
        inVain.values().removeIf(count -> count <= limit);
      } while (!inVain.isEmpty() && patience - System.nanoTime() > 0);
      assertThat(inVain).isEmpty();
    }
  }
}
