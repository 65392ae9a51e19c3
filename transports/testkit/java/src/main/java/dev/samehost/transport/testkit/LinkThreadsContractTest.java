package dev.samehost.transport.testkit;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The contract of {@link Link} between threads, which {@link LinkContractTest} cannot show. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
public abstract class LinkThreadsContractTest {
  private static final int MUCH = 8 << 20;

  /** A new link, as in {@link LinkContractTest#open}. */
  protected abstract LinkEnds open() throws Exception;

  @Test
  void both_ends_write_8_MiB_at_once() throws Exception {
    try (LinkEnds link = open()) {
      FutureTask<byte[]> far = run(() -> exchange(link.far(), Bytes.random(MUCH, 2)));
      byte[] atNear = exchange(link.near(), Bytes.random(MUCH, 1));
      assertThat(Arrays.equals(atNear, Bytes.random(MUCH, 2))).isTrue();
      assertThat(Arrays.equals(result(far), Bytes.random(MUCH, 1))).isTrue();
    }
  }

  /** Writes and reads by turns, on one thread, as much as it gets. */
  private static byte[] exchange(Link link, byte[] bytes) throws LinkException {
    ByteBuffer source = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    ByteBuffer destination = ByteBuffer.allocateDirect(bytes.length);
    while (source.hasRemaining() || destination.hasRemaining()) {
      int interest = 0;
      if (source.hasRemaining()) {
        link.write(source);
        interest |= source.hasRemaining() ? Link.WRITE : 0;
      }
      if (destination.hasRemaining()) {
        assertThat(link.read(destination)).isAtLeast(0);
        interest |= destination.hasRemaining() ? Link.READ : 0;
      }
      if (interest != 0) {
        int ignored = link.await(interest, Bytes.PATIENCE_NANOS);
      }
    }
    byte[] arrived = new byte[bytes.length];
    destination.flip().get(arrived);
    return arrived;
  }

  @Test
  void one_thread_reads_and_awaits_while_another_writes() throws Exception {
    try (LinkEnds link = open()) {
      byte[] there = Bytes.random(MUCH / 2, 3);
      byte[] back = Bytes.random(MUCH / 2, 4);
      FutureTask<byte[]> far = run(() -> exchange(link.far(), back));
      FutureTask<byte[]> reader = run(() -> Bytes.read(link.near(), back.length));
      ByteBuffer source = ByteBuffer.wrap(there);
      while (source.hasRemaining()) {
        if (link.near().write(source) == 0) {
          Thread.onSpinWait();
        }
      }
      assertThat(Arrays.equals(result(reader), back)).isTrue();
      assertThat(Arrays.equals(result(far), there)).isTrue();
    }
  }

  /** Has a link watched; false where it cannot be, which the contract allows. */
  private static boolean isWatched(Link link, CountDownLatch ready) {
    return link.watch(ready::countDown);
  }

  private static void awaitReady(CountDownLatch ready) throws InterruptedException {
    assertThat(ready.await(Bytes.PATIENCE_NANOS, TimeUnit.NANOSECONDS)).isTrue();
  }

  @Test
  void who_watches_is_told_of_bytes_that_come_and_of_those_that_are_there() throws Exception {
    try (LinkEnds link = open()) {
      for (int round = 0; round < 1_000; round++) {
        CountDownLatch coming = new CountDownLatch(1);
        if (!isWatched(link.near(), coming)) {
          return;
        }
        Bytes.write(link.far(), new byte[] {1});
        awaitReady(coming);
        CountDownLatch there = new CountDownLatch(1);
        assertThat(isWatched(link.near(), there)).isTrue();
        awaitReady(there);
        assertThat(Bytes.read(link.near(), 1)).isEqualTo(new byte[] {1});
      }
    }
  }

  @Test
  void who_watches_is_told_of_bytes_that_came_while_nobody_waited() throws Exception {
    try (LinkEnds link = open()) {
      for (Link end : new Link[] {link.near(), link.far()}) {
        Bytes.write(end == link.near() ? link.far() : link.near(), new byte[] {1});
        CountDownLatch there = new CountDownLatch(1);
        if (isWatched(end, there)) {
          awaitReady(there);
        }
        assertThat(Bytes.read(end, 1)).isEqualTo(new byte[] {1});
      }
    }
  }

  @Test
  void who_watches_is_told_of_bytes_that_an_await_has_found() throws Exception {
    try (LinkEnds link = open()) {
      for (byte round = 0; round < 3; round++) {
        Bytes.write(link.far(), new byte[] {round});
        assertThat(link.near().await(Link.READ, Link.FOREVER)).isEqualTo(Link.READ);
        CountDownLatch there = new CountDownLatch(1);
        if (isWatched(link.near(), there)) {
          awaitReady(there);
        }
        assertThat(Bytes.read(link.near(), 1)).isEqualTo(new byte[] {round});
      }
    }
  }

  @Test
  void no_bytes_are_missed_that_come_while_somebody_begins_to_watch() throws Exception {
    try (LinkEnds link = open()) {
      for (int round = 0; round < 1_000; round++) {
        FutureTask<Void> writer =
            run(
                () -> {
                  Bytes.write(link.far(), new byte[] {1});
                  return null;
                });
        CountDownLatch ready = new CountDownLatch(1);
        if (isWatched(link.near(), ready)) {
          awaitReady(ready);
        }
        assertThat(Bytes.read(link.near(), 1)).isEqualTo(new byte[] {1});
        result(writer);
      }
    }
  }

  @Test
  void a_link_is_watched_again_after_somebody_has_awaited() throws Exception {
    try (LinkEnds link = open()) {
      boolean isWatched = isWatched(link.near(), new CountDownLatch(1));
      assertThat(link.near().await(Link.READ, 1_000)).isEqualTo(0);
      CountDownLatch ready = new CountDownLatch(1);
      assertThat(isWatched(link.near(), ready)).isEqualTo(isWatched);
      if (isWatched) {
        assertThat(ready.await(10, TimeUnit.MILLISECONDS)).isFalse();
        Bytes.write(link.far(), new byte[] {2});
        awaitReady(ready);
      }
    }
  }

  @Test
  void who_watches_is_told_of_the_end() throws Exception {
    try (LinkEnds link = open()) {
      CountDownLatch ready = new CountDownLatch(1);
      if (isWatched(link.near(), ready)) {
        link.far().close();
        awaitReady(ready);
      }
    }
  }

  @Test
  void a_link_that_is_closed_while_it_is_watched_leaves_nothing_to_the_next_one() throws Exception {
    boolean canBe = false;
    for (int i = 0; i < 3; i++) {
      try (LinkEnds link = open()) {
        boolean isWatched = isWatched(link.near(), new CountDownLatch(1));
        canBe |= isWatched;
        assertThat(isWatched).isEqualTo(canBe);
        link.near().close();
        assertThat(isWatched(link.near(), new CountDownLatch(1))).isFalse();
        assertThat(Bytes.readToEnd(link.far())).isEmpty();
      }
    }
  }

  @Test
  void bytes_end_an_await() throws Exception {
    try (LinkEnds link = open()) {
      FutureTask<Integer> waiter = whileAwaiting(link.near());
      Bytes.write(link.far(), new byte[1]);
      assertThat(result(waiter)).isEqualTo(Link.READ);
    }
  }

  @Test
  void the_end_of_the_peer_ends_an_await() throws Exception {
    try (LinkEnds link = open()) {
      FutureTask<Integer> waiter = whileAwaiting(link.near());
      link.far().close();
      assertThat(result(waiter)).isEqualTo(Link.READ);
    }
  }

  @Test
  void a_wake_ends_an_await() throws Exception {
    try (LinkEnds link = open()) {
      FutureTask<Integer> waiter = whileAwaiting(link.near());
      link.near().wake();
      assertThat(result(waiter)).isEqualTo(0);
    }
  }

  @Test
  void no_wake_of_many_is_lost() throws Exception {
    int threads = 4;
    int wakes = 5_000;
    try (LinkEnds link = open()) {
      AtomicInteger asked = new AtomicInteger();
      AtomicInteger seen = new AtomicInteger();
      FutureTask<Void> waiter =
          run(
              () -> {
                while (seen.get() < threads * wakes) {
                  // Whoever asks waits until it is seen: one lost wake, and nobody goes on.
                  assertThat(link.near().await(Link.READ, Link.FOREVER)).isEqualTo(0);
                  seen.set(asked.get());
                }
                return null;
              });
      CountDownLatch done = new CountDownLatch(threads);
      for (int i = 0; i < threads; i++) {
        FutureTask<Void> waker =
            run(
                () -> {
                  for (int n = 0; n < wakes; n++) {
                    int ticket = asked.incrementAndGet();
                    link.near().wake();
                    while (seen.get() < ticket && !waiter.isDone()) {
                      Thread.onSpinWait();
                    }
                  }
                  done.countDown();
                  return null;
                });
        assertThat(waker).isNotNull();
      }
      result(waiter);
      assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void an_interrupt_ends_an_await_and_stays_set() throws Exception {
    try (LinkEnds link = open()) {
      CountDownLatch ready = new CountDownLatch(1);
      FutureTask<Boolean> waiter =
          new FutureTask<>(
              () -> {
                ready.countDown();
                assertThat(link.near().await(Link.READ, Link.FOREVER)).isEqualTo(0);
                boolean first = Thread.currentThread().isInterrupted();
                assertThat(link.near().await(Link.READ, Link.FOREVER)).isEqualTo(0);
                return first && Thread.interrupted();
              });
      Thread thread = start(waiter);
      assertThat(ready.await(60, TimeUnit.SECONDS)).isTrue();
      thread.interrupt();
      assertThat(result(waiter)).isTrue();
      Bytes.write(link.far(), new byte[1]);
      assertThat(Bytes.read(link.near(), 1)).hasLength(1);
    }
  }

  @Test
  void a_close_from_another_thread_ends_an_await() throws Exception {
    for (int i = 0; i < 50; i++) {
      try (LinkEnds link = open()) {
        FutureTask<LinkException> waiter =
            run(
                () ->
                    assertThrows(
                        LinkException.class, () -> link.near().await(Link.READ, Link.FOREVER)));
        link.near().close();
        assertThat(result(waiter).fault()).isEqualTo(Fault.LINK_CLOSED);
        assertThat(link.far().await(Link.READ, Bytes.PATIENCE_NANOS)).isEqualTo(Link.READ);
        assertThat(link.far().read(ByteBuffer.allocate(1))).isEqualTo(-1);
      }
    }
  }

  @Test
  void a_close_in_the_middle_of_everything_ends_it_and_harms_nothing() throws Exception {
    for (int i = 0; i < 50; i++) {
      try (LinkEnds link = open();
          LinkEnds bystander = open()) {
        AtomicBoolean begun = new AtomicBoolean();
        FutureTask<Void> writer = run(() -> untilClosed(() -> writeSome(link.near(), begun)));
        FutureTask<Void> reader = run(() -> untilClosed(() -> readSome(link.near())));
        FutureTask<Void> waker = run(() -> wakeUntil(begun, link.near()));
        while (!begun.get()) {
          Thread.onSpinWait();
        }
        link.near().close();
        result(writer);
        result(reader);
        result(waker);
        // A descriptor that was closed twice, or used after it, would be one of these.
        Bytes.write(bystander.near(), Bytes.random(100, i));
        assertThat(Bytes.read(bystander.far(), 100)).isEqualTo(Bytes.random(100, i));
      }
    }
  }

  private static void writeSome(Link link, AtomicBoolean begun) throws LinkException {
    link.write(ByteBuffer.allocate(100));
    begun.set(true);
  }

  private static void readSome(Link link) throws LinkException {
    link.read(ByteBuffer.allocate(100));
    int ignored = link.await(Link.READ, 1_000_000);
  }

  private static Void wakeUntil(AtomicBoolean begun, Link link) {
    while (!begun.get()) {
      link.wake();
    }
    for (int i = 0; i < 100; i++) {
      link.wake();
    }
    return null;
  }

  /** Something to be done again and again. */
  private interface Step {
    void run() throws LinkException;
  }

  private static Void untilClosed(Step step) {
    while (true) {
      try {
        step.run();
      } catch (LinkException e) {
        assertThat(e.fault()).isEqualTo(Fault.LINK_CLOSED);
        return null;
      }
    }
  }

  /** A thread that is about to wait for bytes, or does already. */
  private static FutureTask<Integer> whileAwaiting(Link link) throws InterruptedException {
    CountDownLatch ready = new CountDownLatch(1);
    FutureTask<Integer> waiter =
        run(
            () -> {
              ready.countDown();
              return link.await(Link.READ, Link.FOREVER);
            });
    assertThat(ready.await(60, TimeUnit.SECONDS)).isTrue();
    return waiter;
  }

  private static <T> FutureTask<T> run(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    start(task);
    return task;
  }

  private static Thread start(FutureTask<?> task) {
    Thread thread = new Thread(task, "link-contract");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static <T> T result(FutureTask<T> task) throws Exception {
    return task.get(120, TimeUnit.SECONDS);
  }
}
