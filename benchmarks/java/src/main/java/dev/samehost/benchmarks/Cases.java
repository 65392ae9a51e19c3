package dev.samehost.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** The cases, each a way to make calls for a given time; they know nothing of the systems. */
final class Cases {
  private static final int DIGITS = 3;
  private static final int THREADS = 8;
  private static final long PACE_NANOS = 1_000_000;
  private static final int SMALL = 64;
  private static final int STREAM_BYTES = 64 << 20;

  /** Makes a client with a connection of its own. */
  interface Connecting {
    Echo connect() throws Exception;
  }

  private final Connecting connecting;
  private final Echo echo;
  private final List<Echo> connected = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  Cases(Connecting connecting) throws Exception {
    this.connecting = connecting;
    this.echo = connecting.connect();
  }

  Measured run(String name, int size, long millis) throws Exception {
    Histogram nanos = new ConcurrentHistogram(DIGITS);
    long begin = System.nanoTime();
    long end = begin + millis * 1_000_000;
    switch (name) {
      case "unary" -> oneAfterTheOther(size, end, nanos);
      case "unary-paced" -> paced(size, begin, end, nanos);
      case "unary-8" -> inFlight(8, size, end, nanos);
      case "unary-64" -> inFlight(64, size, end, nanos);
      case "unary-8-threads" -> together(() -> oneAfterTheOther(size, end, nanos));
      case "unary-64-threads" -> together(() -> inFlight(8, size, end, nanos));
      case "connect" -> connections(size, nanos);
      case "stream" -> streams(size, end, nanos);
      default -> throw new IllegalArgumentException("no such case: " + name);
    }
    return new Measured(nanos, (System.nanoTime() - begin) / 1e9);
  }

  /** So many connections, which stay: each is timed from its beginning to its first answer. */
  private void connections(int count, Histogram nanos) throws Exception {
    for (int one = 0; one < count; one++) {
      long before = System.nanoTime();
      Echo echo = connecting.connect();
      echo.unary(SMALL);
      nanos.recordValue(System.nanoTime() - before);
      connected.add(echo);
    }
  }

  private Void oneAfterTheOther(int size, long end, Histogram nanos) throws Exception {
    long before = System.nanoTime();
    while (before < end) {
      echo.unary(size);
      long after = System.nanoTime();
      nanos.recordValue(after - before);
      before = after;
    }
    return null;
  }

  /**
   * A call each millisecond, whether the one before was quick or not. A call that could not begin
   * when it was due, as the one before had not ended, is measured from when it was due; where the
   * clock alone woke this thread late, from then.
   */
  private void paced(int size, long begin, long end, Histogram nanos) throws Exception {
    for (long due = begin; due < end; due += PACE_NANOS) {
      long now = System.nanoTime();
      long start = due;
      while (now < due) {
        LockSupport.parkNanos(due - now);
        now = System.nanoTime();
        start = Math.max(due, now);
      }
      echo.unary(size);
      nanos.recordValue(System.nanoTime() - start);
    }
  }

  /** Keeps so many calls in flight from this thread; answers come on the system's own. */
  private Void inFlight(int most, int size, long end, Histogram nanos) throws Exception {
    Semaphore free = new Semaphore(most);
    AtomicReference<Throwable> failed = new AtomicReference<>();
    while (System.nanoTime() < end && failed.get() == null) {
      free.acquire();
      long before = System.nanoTime();
      echo.start(
          size,
          failure -> {
            nanos.recordValue(System.nanoTime() - before);
            if (failure != null) {
              failed.set(failure);
            }
            free.release();
          });
    }
    free.acquire(most);
    if (failed.get() != null) {
      throw new IllegalStateException(failed.get());
    }
    return null;
  }

  private void together(Callable<Void> work) throws Exception {
    List<Future<Void>> running = new ArrayList<>();
    for (int thread = 0; thread < THREADS; thread++) {
      running.add(threads.submit(work));
    }
    for (Future<Void> one : running) {
      one.get();
    }
  }

  /** A message is a call here, and its time that since the message before. */
  private void streams(int size, long end, Histogram nanos) {
    long[] before = {System.nanoTime()};
    while (before[0] < end) {
      echo.stream(
          size,
          Math.max(1, STREAM_BYTES / size),
          () -> {
            long after = System.nanoTime();
            nanos.recordValue(after - before[0]);
            before[0] = after;
          });
    }
  }
}
