package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who comes in when the lock of a connection is held. */
@Timeout(60)
final class ConnectionLockTest {
  private static final int ROUNDS = 100_000;

  private final ConnectionLock lock = new ConnectionLock();
  private int count; // under the lock

  @Test
  void oneThreadAtATimeIsInsideAndEveryOneGetsIn() throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      Thread thread = new Thread(this::countUp);
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(count).isEqualTo(4 * ROUNDS);
  }

  @Test
  void itsHolderSeesWhoIsAboutToTakeItAndToWrite() throws Exception {
    ConnectionLock spun = new ConnectionLock(Integer.MAX_VALUE);
    assertThat(spun.isAwaitedByWriter()).isFalse();
    spun.lockToWrite();
    assertThat(spun.isAwaitedByWriter()).isFalse();
    FutureTask<Boolean> seenByTheNext =
        new FutureTask<>(
            () -> {
              spun.lockToWrite();
              boolean seen = spun.isAwaitedByWriter();
              spun.unlock();
              return seen;
            });
    new Thread(seenByTheNext).start();
    while (!spun.isAwaitedByWriter()) {
      Thread.onSpinWait();
    }
    spun.unlock();
    assertThat(seenByTheNext.get()).isFalse();
  }

  @Test
  void nothingIsLeftToWhoeverSleepsForIt() throws Exception {
    ConnectionLock unspun = new ConnectionLock(0);
    unspun.lockToWrite();
    Thread sleeper =
        new Thread(
            () -> {
              unspun.lockToWrite();
              unspun.unlock();
            });
    sleeper.start();
    while (sleeper.getState() != Thread.State.WAITING) {
      Thread.sleep(1);
    }
    assertThat(unspun.isAwaitedByWriter()).isFalse();
    unspun.unlock();
    sleeper.join();
  }

  private void countUp() {
    for (int i = 0; i < ROUNDS; i++) {
      if (i % 2 == 0) {
        lock.lock();
      } else {
        lock.lockToWrite();
      }
      try {
        count++;
      } finally {
        lock.unlock();
      }
    }
  }
}
