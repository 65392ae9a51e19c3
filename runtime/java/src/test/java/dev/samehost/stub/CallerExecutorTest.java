package dev.samehost.stub;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a channel may rest on when it gives tasks to a caller that waits. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class CallerExecutorTest {
  private final CallerExecutor executor = new CallerExecutor();

  @Test
  void tasksRunInTheirOrderOnTheThreadThatWaits() throws Exception {
    List<String> ran = new ArrayList<>();
    Thread caller = Thread.currentThread();
    for (String name : List.of("first", "second", "third")) {
      executor.execute(
          () -> {
            assertThat(Thread.currentThread()).isEqualTo(caller);
            ran.add(name);
          });
    }
    executor.await(() -> ran.size() == 2);
    assertThat(ran).containsExactly("first", "second").inOrder();
  }

  @Test
  void aTaskThatIsGivenLaterWakesTheThreadThatWaits() throws Exception {
    AtomicBoolean came = new AtomicBoolean();
    CountDownLatch asked = new CountDownLatch(1);
    Thread channel =
        new Thread(
            () -> {
              awaitQuietly(asked);
              executor.execute(() -> came.set(true));
            });
    channel.start();
    executor.await(
        () -> {
          asked.countDown();
          return came.get();
        });
    channel.join();
  }

  @Test
  void aThreadTakesNoTaskOnceWhatItWaitsForHasCome() throws Exception {
    AtomicBoolean asked = new AtomicBoolean();
    AtomicBoolean ran = new AtomicBoolean();
    executor.await(
        () -> {
          if (asked.getAndSet(true)) {
            return true;
          }
          // As another waiting thread would do, right after the answer: no.
          executor.execute(() -> ran.set(true));
          return false;
        });
    assertThat(ran.get()).isFalse();
  }

  @Test
  void aTaskThatOneThreadRunsTellsTheOther() throws Exception {
    AtomicBoolean came = new AtomicBoolean();
    CountDownLatch bothWait = new CountDownLatch(2);
    Runnable wait =
        () -> {
          AtomicBoolean first = new AtomicBoolean(true);
          try {
            executor.await(
                () -> {
                  if (first.getAndSet(false)) {
                    bothWait.countDown();
                  }
                  return came.get();
                });
          } catch (InterruptedException interruption) {
            throw new IllegalStateException(interruption);
          }
        };
    Thread one = new Thread(wait);
    Thread other = new Thread(wait);
    one.start();
    other.start();
    bothWait.await();
    executor.execute(() -> came.set(true));
    one.join();
    other.join();
  }

  @Test
  void anInterruptEndsTheWaitAlsoFromWithinATask() {
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> executor.await(() -> false));
    executor.execute(() -> Thread.currentThread().interrupt());
    assertThrows(InterruptedException.class, () -> executor.await(() -> false));
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interruption) {
      throw new IllegalStateException(interruption);
    }
  }
}
