package dev.samehost.call;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that run listeners and handlers where the user gave no executor: as many as are busy
 * at once, shared by the process, each gone after a minute without work.
 */
public final class Workers {
  private static final Logger log = LoggerFactory.getLogger(Workers.class);
  private static final AtomicLong COUNT = new AtomicLong();
  private static final ExecutorService POOL =
      pool(
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

  /** One whose threads {@code threads} makes. A task for which there is none waits for one. */
  static ExecutorService pool(ThreadFactory threads) {
    return new ThreadPoolExecutor(
        0, Integer.MAX_VALUE, 60, TimeUnit.SECONDS, new SynchronousQueue<>(), threads) {
      @Override
      public void execute(Runnable task) {
        try {
          super.execute(task);
        } catch (OutOfMemoryError e) {
          // Whoever gave it holds nothing but this task: dropped, it would leave a call waiting.
          log.error("no thread for a listener or a handler; tried again soon", e);
          Timers.soon(() -> execute(task));
        }
      }
    };
  }
}
