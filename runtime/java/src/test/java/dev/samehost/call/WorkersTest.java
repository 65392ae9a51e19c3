package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The pool of listeners and handlers where threads are short. */
@Timeout(60)
final class WorkersTest {
  @Test
  void aTaskForWhichThereIsNoThreadWaitsForOne() throws Exception {
    AtomicInteger starts = new AtomicInteger();
    ExecutorService pool =
        Workers.pool(
            task -> {
              if (starts.getAndIncrement() < 2) {
                throw new OutOfMemoryError("unable to create native thread");
              }
              return new Thread(task);
            });
    CountDownLatch done = new CountDownLatch(1);
    pool.execute(done::countDown);
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(starts.get()).isEqualTo(3);
    pool.shutdown();
  }
}
