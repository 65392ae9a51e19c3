package dev.samehost.examples.scoring;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import dev.samehost.stub.Replies;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * Some workers that all do the same: a batch goes to one that is free, and on to another one when
 * that dies. A worker has one batch at a time; whoever has more waits. For any threads.
 */
final class ScorerPool implements AutoCloseable {
  /** A batch that has cost this many workers their lives gets no more of them. */
  private static final int TRIES = 3;

  private final List<ScorerWorker> workers;
  private final BlockingQueue<ScorerWorker> free = new LinkedBlockingQueue<>();
  private final AtomicInteger repeated = new AtomicInteger();
  private volatile String lastFailure = "all are busy";
  private volatile boolean closed;

  /**
   * Starts, or connects to, all workers at once; each takes part as soon as it has loaded its
   * model.
   *
   * @param addresses {@code stdio:COMMAND} for a child of this program, {@code shm:PATH} for a
   *     worker that others start
   */
  ScorerPool(List<String> addresses) {
    workers = addresses.stream().map(ScorerWorker::new).toList();
    workers.forEach(this::admit);
  }

  /**
   * Has a batch scored, and hands the scores on in order, each once, on the caller's thread. While
   * the consumer takes its time, so does the worker.
   *
   * @param patience for all of it, the wait for a free worker included
   * @param wantsMore takes a score; false when it has seen enough, which ends the work
   * @throws StatusRuntimeException DEADLINE_EXCEEDED or RESOURCE_EXHAUSTED when the time is over,
   *     while scoring or waiting for a worker; UNAVAILABLE when worker after worker has died;
   *     INVALID_ARGUMENT and the like by a worker
   */
  void score(List<Vector> vectors, Duration patience, Predicate<ScoreReply> wantsMore) {
    Deadline deadline = Deadline.after(patience.toNanos(), NANOSECONDS);
    int done = 0;
    for (int tries = 1; done < vectors.size(); tries++) {
      ScorerWorker worker = takeFree(deadline);
      ScoreRequest rest =
          ScoreRequest.newBuilder()
              .addAllVectors(vectors.subList(done, vectors.size()))
              .setFirst(done)
              .build();
      try (Replies<ScoreReply> scores = worker.scorer().withDeadline(deadline).score(rest)) {
        for (ScoreReply score : scores) {
          done++;
          if (!wantsMore.test(score)) {
            return;
          }
        }
      } catch (StatusRuntimeException failure) {
        // A score depends on nothing but its vector: another worker may compute what is left.
        if (failure.getStatus().getCode() != Status.Code.UNAVAILABLE || tries == TRIES || closed) {
          throw failure;
        }
        repeated.incrementAndGet();
        System.out.printf("  after %d scores: %s%n", done, failure.getMessage());
      } finally {
        admit(worker);
      }
    }
  }

  private ScorerWorker takeFree(Deadline deadline) {
    try {
      ScorerWorker worker = free.poll(deadline.timeRemaining(NANOSECONDS), NANOSECONDS);
      if (worker == null) {
        throw Status.RESOURCE_EXHAUSTED
            .withDescription("no worker was free in time: " + lastFailure)
            .asRuntimeException();
      }
      return worker;
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
      throw Status.CANCELLED
          .withDescription("interrupted while waiting for a worker")
          .withCause(interruption)
          .asRuntimeException();
    }
  }

  /**
   * Lets a worker take part once it answers: it may be loading its model, or have died. The call
   * starts it again then, and tells why where it cannot.
   */
  private void admit(ScorerWorker worker) {
    if (closed) {
      return;
    }
    var unused =
        worker
            .describe()
            .whenComplete(
                (model, failure) -> {
                  if (failure == null) {
                    free.add(worker);
                  } else if (!closed) {
                    lastFailure = failure.getMessage();
                    CompletableFuture.delayedExecutor(200, MILLISECONDS)
                        .execute(() -> admit(worker));
                  }
                });
  }

  /** How many times the rest of a batch went to another worker. */
  int repeated() {
    return repeated.get();
  }

  /** The workers, for those who look after them. */
  List<ScorerWorker> workers() {
    return workers;
  }

  /** Ends the children; batches that are open fail. */
  @Override
  public void close() throws InterruptedException {
    closed = true;
    workers.forEach(ScorerWorker::shutdown);
    for (ScorerWorker worker : workers) {
      worker.awaitTermination(5, SECONDS);
    }
  }
}
