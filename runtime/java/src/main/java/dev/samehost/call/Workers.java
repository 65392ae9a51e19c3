package dev.samehost.call;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The threads that run listeners and handlers where the user gave no executor: as many as are busy
 * at once, shared by the process, each gone after a minute without work.
 */
public final class Workers {
  private static final AtomicLong COUNT = new AtomicLong();
  private static final ExecutorService POOL =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          60,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          task -> {
            Thread thread = new Thread(task, "samehost-worker-" + COUNT.incrementAndGet());
            thread.setDaemon(true);
            return thread;
          });

  private Workers() {}

  /** The pool. Nobody shuts it down. */
  public static ExecutorService pool() {
    return POOL;
  }
}
