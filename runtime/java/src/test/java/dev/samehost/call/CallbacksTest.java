package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** In which order callbacks are delivered, and which are not. */
@Timeout(60)
final class CallbacksTest {
  private final Queue<Runnable> given = new ArrayDeque<>();
  private final List<String> told = new ArrayList<>();
  private final Callbacks callbacks = new Callbacks(given::add, Runnable::run, () -> {});

  private void add(String name) {
    if (callbacks.add(() -> told.add(name))) {
      callbacks.start();
    }
  }

  private void deliver() {
    Runnable next;
    while ((next = given.poll()) != null) {
      next.run();
    }
  }

  @Test
  void tasksRunInTheOrderInWhichTheyWereAdded() {
    add("first");
    add("second");
    add("third");
    assertThat(given).hasSize(1);
    assertThat(callbacks.isEmpty()).isFalse();
    deliver();
    assertThat(told).containsExactly("first", "second", "third").inOrder();
    assertThat(callbacks.isEmpty()).isTrue();
  }

  @Test
  void whatATaskAddsRunsBehindWhatWaits() {
    callbacks.add(() -> add("later"));
    add("sooner");
    callbacks.start();
    deliver();
    assertThat(told).containsExactly("sooner", "later").inOrder();
  }

  @Test
  void whatATaskAddsRunsBehindWhatAnotherThreadHasAddedMeanwhile() {
    callbacks.add(
        () -> {
          CompletableFuture.runAsync(() -> add("of another thread")).join();
          add("of its own");
        });
    callbacks.start();
    deliver();
    assertThat(told).containsExactly("of another thread", "of its own").inOrder();
  }

  @Test
  void theExecutorIsAskedAgainOnceAllWasDelivered() {
    add("first");
    deliver();
    add("second");
    assertThat(given).hasSize(1);
    deliver();
    assertThat(told).containsExactly("first", "second").inOrder();
  }

  @Test
  void theFirstTaskComesBeforeWhatIsAddedBeforeTheStartAndStartsOnce() {
    callbacks.first(() -> told.add("first"));
    add("second");
    assertThat(given).isEmpty();
    callbacks.start();
    assertThat(given).hasSize(1);
    deliver();
    add("third");
    deliver();
    assertThat(told).containsExactly("first", "second", "third").inOrder();
  }

  @Test
  void anAbortBeforeTheStartDropsTheFirstTask() {
    callbacks.first(() -> told.add("dropped"));
    assertThat(callbacks.abort(() -> told.add("last"))).isFalse();
    callbacks.start();
    deliver();
    assertThat(told).containsExactly("last");
  }

  @Test
  void anAbortDropsWhatWaitsAndWhatComesBehindIt() {
    add("dropped");
    assertThat(callbacks.abort(() -> told.add("last"))).isFalse();
    add("too late");
    assertThat(callbacks.abort(() -> told.add("second last"))).isFalse();
    deliver();
    add("far too late");
    deliver();
    assertThat(told).containsExactly("last");
  }

  @Test
  void anAbortInATaskDropsTheTasksThatWereTakenWithIt() {
    callbacks.add(() -> callbacks.abort(() -> told.add("last")));
    callbacks.add(() -> told.add("dropped"));
    callbacks.start();
    deliver();
    assertThat(told).containsExactly("last");
  }

  @Test
  void aTaskThatMovesTheOthersIsFollowedByTheNextOneAndThenByThemElsewhere() {
    List<Runnable> elsewhere = new ArrayList<>();
    callbacks.add(() -> callbacks.moveTo(elsewhere::add, () -> told.add("next")));
    add("then");
    callbacks.start();
    deliver();
    add("last");
    assertThat(told).isEmpty();
    assertThat(elsewhere).hasSize(1);
    elsewhere.remove(0).run();
    assertThat(told).containsExactly("next", "then", "last").inOrder();
    add("and so on");
    assertThat(elsewhere).hasSize(1);
  }

  @Test
  void anAbortAfterAMoveDropsWhatWasMoved() {
    List<Runnable> elsewhere = new ArrayList<>();
    callbacks.add(() -> callbacks.moveTo(elsewhere::add, () -> told.add("dropped")));
    callbacks.start();
    deliver();
    callbacks.abort(() -> told.add("last"));
    elsewhere.remove(0).run();
    assertThat(told).containsExactly("last");
  }

  @Test
  void manyThreadsAddAndOneAtATimeDelivers() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(3);
    manyThreadsAdd(new Callbacks(pool, Runnable::run, () -> {}));
    pool.shutdown();
  }

  @Test
  void manyThreadsAddAndOneAtATimeDeliversWhileThePaceChanges() throws Exception {
    ExecutorService reader = Executors.newSingleThreadExecutor();
    Pace pace = new Pace();
    Callbacks shared = new Callbacks(Workers.pool(), Workers.pool(), () -> {}, pace, false);
    shared.inline(reader);
    AtomicBoolean over = new AtomicBoolean();
    Thread changing =
        new Thread(
            () -> {
              while (!over.get()) {
                pace.took(pace.isSlow(false) ? 0 : TimeUnit.MILLISECONDS.toNanos(1));
              }
            });
    changing.start();
    manyThreadsAdd(shared);
    over.set(true);
    changing.join();
    reader.shutdown();
  }

  private static void manyThreadsAdd(Callbacks shared) throws InterruptedException {
    AtomicInteger inside = new AtomicInteger();
    int[] last = new int[4]; // of the deliverer
    CountDownLatch wrong = new CountDownLatch(1);
    CountDownLatch delivered = new CountDownLatch(4 * 50_000);
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      int thread = t;
      threads.add(
          new Thread(
              () -> {
                for (int i = 1; i <= 50_000; i++) {
                  int number = i;
                  Runnable task =
                      () -> {
                        if (inside.getAndIncrement() != 0 || last[thread] != number - 1) {
                          wrong.countDown();
                        }
                        last[thread] = number;
                        inside.decrementAndGet();
                        delivered.countDown();
                      };
                  if (shared.add(task)) {
                    shared.start();
                  }
                }
              }));
    }
    threads.forEach(Thread::start);
    assertThat(delivered.await(50, TimeUnit.SECONDS)).isTrue();
    assertThat(wrong.getCount()).isEqualTo(1);
  }

  /** Adds a task, lets the reader work, and gives the name of the thread that was told. */
  private String tellingThread(Callbacks measured) throws Exception {
    CompletableFuture<String> told = new CompletableFuture<>();
    if (measured.add(() -> told.complete(Thread.currentThread().getName()))) {
      measured.start();
    }
    deliver();
    return told.get(30, TimeUnit.SECONDS);
  }

  @Test
  void whatHasBecomeSlowMovesToTheWorkersAndWhatIsFastAgainComesBack() throws Exception {
    String reader = Thread.currentThread().getName();
    Pace pace = new Pace();
    Callbacks measured = new Callbacks(Workers.pool(), Workers.pool(), () -> {}, pace, false);
    measured.inline(given::add);
    assertThat(tellingThread(measured)).isEqualTo(reader);
    pace.surprised();
    assertThat(tellingThread(measured)).startsWith("samehost-worker-");
    assertThat(tellingThread(measured)).startsWith("samehost-worker-");
    for (int i = 0; i < 1_000; i++) {
      pace.nextIsSlow(false); // other calls of the method
    }
    int more = 0; // a worker tells what is added while it still delivers
    while (!tellingThread(measured).equals(reader)) {
      assertThat(more++).isLessThan(10_000);
    }
  }

  @Test
  void aSlowCallWithoutAReaderIsToldByTheWorkers() throws Exception {
    Pace pace = new Pace();
    pace.surprised();
    Callbacks measured = new Callbacks(Workers.pool(), Workers.pool(), () -> {}, pace, false);
    assertThat(tellingThread(measured)).startsWith("samehost-worker-");
  }
}
