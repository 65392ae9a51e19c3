package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static dev.samehost.Setting.note;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.samehost.call.LookUps;
import dev.samehost.test.EchoGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two thousand callers with every kind of stub on one connection, so that who reads changes all the
 * time: every answer is right, and nobody is left waiting.
 */
@Timeout(4 * Setting.PATIENCE_SECONDS)
final class HandOverTest {
  private static final int CALLERS = 2_000;
  private static final long RUN_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** What one run has shown so far; of all its callers. */
  private static final class Seen {
    final Set<Status.Code> outcomes = ConcurrentHashMap.newKeySet();
    final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  }

  @ParameterizedTest
  @EnumSource
  void whoeverReadsEachCallerGetsItsOwnAnswerAndNobodyIsLeftWaiting(Setting.Transport transport)
      throws Exception {
    long seed = seed(transport);
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    try (LookUps off = LookUps.off();
        Setting setting = new Setting(transport)) {
      setting.start(setting.server().addService(new RandomCall.Service()));
      ManagedChannel channel = setting.open();
      Seen seen = new Seen();
      run(new RandomCall(channel, clock), new Random(seed), seen);
      assertThat(seen.failures).isEmpty();
      assertThat(seen.outcomes)
          .containsExactly(Status.Code.OK, Status.Code.DEADLINE_EXCEEDED, Status.Code.CANCELLED);
      // The connection is as good as new.
      assertThat(EchoGrpc.newBlockingStub(channel).unary(note("after"))).isEqualTo(note("after"));
    } finally {
      clock.shutdownNow();
    }
  }

  private static long seed(Setting.Transport transport) {
    long seed = Long.getLong("samehost.seed", System.nanoTime());
    System.err.println("-Dsamehost.seed=" + seed + " makes the same calls over " + transport);
    return seed;
  }

  private static void run(RandomCall call, Random seeds, Seen seen) throws InterruptedException {
    CountDownLatch begin = new CountDownLatch(1);
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      Random random = new Random(seeds.nextLong());
      callers.add(new Thread(() -> keepCalling(begin, call, random, seen), "caller " + i));
    }
    new Thread(begin::countDown).start();
    awaitAll(callers);
  }

  /** Starts all, and waits for all. */
  private static void awaitAll(List<Thread> callers) throws InterruptedException {
    for (Thread caller : callers) {
      caller.setDaemon(true);
      caller.start();
    }
    long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(2 * Setting.PATIENCE_SECONDS);
    for (Thread caller : callers) {
      long left = TimeUnit.NANOSECONDS.toMillis(patience - System.nanoTime());
      caller.join(Math.max(1, left));
      if (caller.isAlive()) {
        StackTraceElement[] where = caller.getStackTrace();
        assertWithMessage("%s is left waiting: %s", caller, List.of(where)).fail();
      }
    }
  }

  /** Calls until the time is over, and once at least. */
  private static void keepCalling(CountDownLatch begin, RandomCall call, Random random, Seen seen) {
    Uninterruptibles.awaitUninterruptibly(begin);
    long end = System.nanoTime() + RUN_NANOS;
    try {
      do {
        seen.outcomes.add(call.make(random));
      } while (end - System.nanoTime() > 0 && seen.failures.isEmpty());
    } catch (Throwable e) {
      seen.failures.add(e);
    }
  }
}
