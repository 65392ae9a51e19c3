package dev.samehost.transport.posix;

import static com.google.common.truth.Truth.assertThat;

import java.lang.ref.WeakReference;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class PollTest {
  /** Enough for code to be compiled: only compiled code lets go of what it needs no more. */
  private static final int MANY = 20_000;

  private final AtomicInteger polls = new AtomicInteger();
  private volatile WeakReference<Poll> polled;

  /** Has no other use for what it polls with. */
  private int pollOnce(int fd, long timeoutNanos) {
    Poll poll = new Poll();
    poll.set(0, fd, Poll.READABLE);
    polled = new WeakReference<>(poll);
    polls.incrementAndGet();
    return poll.run(timeoutNanos);
  }

  private int pollManyTimes(int fd) {
    for (int i = 0; i < MANY; i++) {
      assertThat(pollOnce(fd, 0)).isEqualTo(0);
    }
    return pollOnce(fd, TimeUnit.MINUTES.toNanos(1));
  }

  @Test
  void the_memory_that_the_system_will_write_to_lives_as_long_as_it_waits() throws Exception {
    try (Wakeup wakeup = new Wakeup()) {
      FutureTask<Integer> polling = new FutureTask<>(() -> pollManyTimes(wakeup.number()));
      new Thread(polling).start();
      while (polls.get() <= MANY) {
        Thread.sleep(10);
      }
      Thread.sleep(200); // by now it waits
      for (int i = 0; i < 5; i++) {
        System.gc();
      }
      assertThat(polled.get()).isNotNull();
      wakeup.set();
      assertThat(polling.get()).isEqualTo(1);
    }
  }
}
