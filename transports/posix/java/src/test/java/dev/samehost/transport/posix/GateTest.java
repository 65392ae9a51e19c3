package dev.samehost.transport.posix;

import static com.google.common.truth.Truth.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is inside, and what a close waits for. */
@Timeout(60)
final class GateTest {
  private final Gate gate = new Gate();

  private Thread closing(Runnable then) {
    Thread thread =
        new Thread(
            () -> {
              if (gate.close()) {
                gate.awaitEmpty();
                then.run();
              }
            });
    thread.start();
    return thread;
  }

  @Test
  void nobody_enters_once_it_is_closed() {
    assertThat(gate.close()).isTrue();
    assertThat(gate.reader().take()).isFalse();
    assertThat(gate.writer().take()).isFalse();
    assertThat(gate.enter()).isFalse();
    gate.awaitEmpty(); // those who were turned away are not inside
  }

  @Test
  void only_one_closes_it() {
    assertThat(gate.close()).isTrue();
    assertThat(gate.close()).isFalse();
  }

  private void closeWaitsFor(BooleanSupplier enter, Runnable leave) throws InterruptedException {
    assertThat(enter.getAsBoolean()).isTrue();
    CountDownLatch freed = new CountDownLatch(1);
    Thread closing = closing(freed::countDown);
    assertThat(freed.await(20, TimeUnit.MILLISECONDS)).isFalse();
    leave.run();
    closing.join();
    assertThat(freed.getCount()).isEqualTo(0);
  }

  @Test
  void a_close_waits_for_the_reader() throws InterruptedException {
    closeWaitsFor(gate.reader()::take, gate.reader()::leave);
  }

  @Test
  void a_close_waits_for_the_writer() throws InterruptedException {
    closeWaitsFor(gate.writer()::take, gate.writer()::leave);
  }

  @Test
  void a_close_waits_for_a_guest() throws InterruptedException {
    closeWaitsFor(gate::enter, gate::leave);
  }

  @Test
  void nobody_is_inside_what_is_freed() throws InterruptedException {
    AtomicInteger wrong = new AtomicInteger();
    for (int round = 0; round < 2_000; round++) {
      Gate each = new Gate();
      AtomicBoolean freed = new AtomicBoolean();
      CountDownLatch inside = new CountDownLatch(1);
      Thread reader =
          new Thread(
              () -> {
                while (each.reader().take()) {
                  inside.countDown();
                  if (freed.get()) {
                    wrong.incrementAndGet();
                  }
                  each.reader().leave();
                }
              });
      reader.start();
      inside.await();
      if (each.close()) {
        each.awaitEmpty();
        freed.set(true);
      }
      reader.join();
    }
    assertThat(wrong.get()).isEqualTo(0);
  }
}
