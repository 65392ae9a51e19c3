package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import java.util.ArrayList;
import java.util.List;
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

  private void countUp() {
    for (int i = 0; i < ROUNDS; i++) {
      lock.lock();
      try {
        count++;
      } finally {
        lock.unlock();
      }
    }
  }
}
