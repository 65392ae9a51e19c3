package dev.samehost.examples.scoring;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * {@code Tour WEIGHTS ADDRESS COMMAND} has vectors scored, by the worker at an address and by a
 * pool of children; exit code 1 when something did not come as it should. {@code Tour WEIGHTS}
 * makes the model.
 */
public final class Tour {
  private static final int BATCH = 1000;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final double[] weights;
  private final List<Vector> vectors = new ArrayList<>();

  /** The same model as the workers', to know what is right. */
  private Tour(Path file) throws IOException {
    String[] numbers = Files.readString(file).replaceAll("[\\[\\]\\s]", "").split(",");
    weights = Stream.of(numbers).mapToDouble(Double::parseDouble).toArray();
    Random random = new Random();
    for (int i = 0; i < BATCH; i++) {
      Vector.Builder vector = Vector.newBuilder();
      for (int d = 0; d < weights.length; d++) {
        vector.addValues(random.nextFloat() - 0.5f);
      }
      vectors.add(vector.build());
    }
  }

  public static void main(String[] arguments) throws Exception {
    Tour tour = new Tour(Path.of(arguments[0]));
    System.out.println("\nOne worker, at " + arguments[1]);
    try (ScorerPool pool = new ScorerPool(List.of(arguments[1]))) {
      tour.oneWorker(pool);
    }
    System.out.println("\nA pool of three: " + arguments[2]);
    List<Long> started = new ArrayList<>();
    try (ScorerPool pool = new ScorerPool(Collections.nCopies(3, arguments[2]))) {
      tour.threeWorkers(pool);
      pool.workers().forEach(worker -> started.addAll(worker.processes()));
    }
    check("all children should have ended", () -> started.stream().noneMatch(Tour::lives));
    System.out.println("\nEvery score came once and was right.");
  }

  private void oneWorker(ScorerPool pool) throws Exception {
    ScorerWorker worker = pool.workers().get(0);
    timed("a batch of " + BATCH, () -> new Scores().all(pool, vectors));

    long before = scored(worker);
    Scores some = new Scores();
    timed(
        "a batch of which 20 are enough",
        () -> pool.score(vectors, PATIENCE, score -> some.add(score) < 20));
    check("the worker should stop", () -> open(worker) == 0);
    check("it should have stopped early", () -> scored(worker) < before + BATCH);

    long begin = scored(worker);
    Scores slow = new Scores();
    timed(
        "a batch whose scores are read slowly",
        () ->
            pool.score(
                vectors,
                PATIENCE,
                score -> {
                  if (slow.add(score) == 1) {
                    long ahead = settled(worker) - begin;
                    System.out.printf("  read 1; the worker has scored %d, and waits%n", ahead);
                    check("the worker should wait", () -> ahead > 1 && ahead < BATCH);
                  }
                  return true;
                }));
    check("then all should come", () -> slow.count == BATCH);

    fails(
        Status.Code.DEADLINE_EXCEEDED,
        () ->
            pool.score(
                vectors,
                Duration.ofMillis(500),
                score -> {
                  pause(10);
                  return true;
                }));
    fails(
        Status.Code.INVALID_ARGUMENT,
        () -> pool.score(List.of(Vector.getDefaultInstance()), PATIENCE, score -> true));
    // A second batch finds the only worker busy.
    pool.score(
        vectors,
        PATIENCE,
        score -> {
          fails(
              Status.Code.RESOURCE_EXHAUSTED,
              () -> pool.score(vectors, Duration.ofMillis(20), other -> true));
          return false;
        });
  }

  private void threeWorkers(ScorerPool pool) throws Exception {
    timed("nine batches from six threads", () -> together(pool, 9, 6));

    Scores scores = new Scores();
    timed(
        "a batch whose worker is killed",
        () -> pool.score(vectors, PATIENCE, killing(pool, scores, 100, 1)));
    check("all should come all the same", () -> scores.count == BATCH);
    check("another worker should have gone on", () -> pool.repeated() == 1);

    fails(
        Status.Code.UNAVAILABLE,
        () -> pool.score(vectors, PATIENCE, killing(pool, new Scores(), 10, 3)));
    timed(
        "three batches from three threads, by those that started again",
        () -> together(pool, 3, 3));
  }

  /** Kills the worker of this batch after so many scores, and those that go on with it. */
  private static Predicate<ScoreReply> killing(
      ScorerPool pool, Scores scores, int every, int times) {
    AtomicInteger killed = new AtomicInteger();
    return score -> {
      int count = scores.add(score);
      // Of a worker that was killed there still comes what it had sent.
      OptionalLong busy =
          killed.get() < times && count >= every * (killed.get() + 1)
              ? busy(pool)
              : OptionalLong.empty();
      if (busy.isPresent()) {
        long process = busy.getAsLong();
        System.out.printf("  SIGKILL to process %d after %d scores%n", process, count);
        ProcessHandle.of(process).orElseThrow().destroyForcibly();
        check("it should die", () -> !lives(process));
        killed.incrementAndGet();
      }
      return true;
    };
  }

  private void together(ScorerPool pool, int batches, int threads) throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> open = new ArrayList<>();
      for (int i = 0; i < batches; i++) {
        open.add(executor.submit(() -> new Scores().all(pool, vectors)));
      }
      for (Future<?> batch : open) {
        batch.get();
      }
    } finally {
      executor.shutdownNow();
    }
  }

  /** What has come of a batch: each score in its turn, and right. */
  private final class Scores {
    int count;

    int add(ScoreReply reply) {
      check("scores should come in order, each once", () -> reply.getIndex() == count);
      double sum = 0;
      for (int d = 0; d < weights.length; d++) {
        sum += weights[d] * vectors.get(count).getValues(d);
      }
      double right = 1 / (1 + Math.exp(-sum));
      check("the score should be " + right, () -> Math.abs(reply.getScore() - right) < 1e-9);
      return ++count;
    }

    void all(ScorerPool pool, List<Vector> batch) {
      pool.score(batch, PATIENCE, score -> add(score) <= BATCH);
      check("all scores should come", () -> count == BATCH);
    }
  }

  private static long scored(ScorerWorker worker) {
    return worker.describe().join().getScored();
  }

  private static int open(ScorerWorker worker) {
    return worker.describe().join().getOpen();
  }

  /** What the worker has scored when it scores no more. */
  private static long settled(ScorerWorker worker) {
    long before = -1;
    long now = scored(worker);
    while (now != before) {
      pause(100);
      before = now;
      now = scored(worker);
    }
    return now;
  }

  /** The one worker that has a batch; none where it was killed just now. */
  private static OptionalLong busy(ScorerPool pool) {
    for (ScorerWorker worker : pool.workers()) {
      long process = worker.processes().get(worker.processes().size() - 1);
      if (lives(process) && open(worker) > 0) {
        return OptionalLong.of(process);
      }
    }
    return OptionalLong.empty();
  }

  private static boolean lives(long process) {
    return ProcessHandle.of(process).map(ProcessHandle::isAlive).orElse(false);
  }

  private static void timed(String what, Action action) throws Exception {
    long begin = System.nanoTime();
    action.run();
    System.out.printf("  %s: %d ms%n", what, (System.nanoTime() - begin) / 1_000_000);
  }

  private static void fails(Status.Code code, Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException failure) {
      System.out.println("  " + failure.getMessage());
      check("it should be " + code, () -> failure.getStatus().getCode() == code);
      return;
    }
    throw new IllegalStateException("it should fail with " + code);
  }

  /** Waits until it is so. */
  private static void check(String what, BooleanSupplier isSo) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
    while (!isSo.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException(what);
      }
      pause(5);
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interruption);
    }
  }

  private interface Action {
    void run() throws Exception;
  }
}
