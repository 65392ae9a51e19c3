package dev.samehost.call;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The one clock of the process for deadlines that no blocked thread watches, and for the waits
 * between attempts to connect. Its single thread must not run anything of the user's.
 */
public final class Timers {
  private static final ScheduledThreadPoolExecutor SCHEDULER = start();

  private Timers() {}

  /** The scheduler. Nobody shuts it down; its thread is a daemon. */
  public static ScheduledExecutorService scheduler() {
    return SCHEDULER;
  }

  /** Runs a task on a thread of {@link Workers} once so much time has passed. */
  static ScheduledFuture<?> after(long nanos, Runnable task) {
    return SCHEDULER.schedule(() -> Workers.pool().execute(task), nanos, TimeUnit.NANOSECONDS);
  }

  /**
   * Runs a task, which must not wait, on the clock's own thread in half a second: for one that has
   * failed for want of threads.
   */
  static void soon(Runnable task) {
    ScheduledFuture<?> ignored = SCHEDULER.schedule(task, 500, TimeUnit.MILLISECONDS);
  }

  private static ScheduledThreadPoolExecutor start() {
    ScheduledThreadPoolExecutor scheduler =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "samehost-timers");
              thread.setDaemon(true);
              return thread;
            });
    // Most deadlines are cancelled long before they expire; they must not pile up.
    scheduler.setRemoveOnCancelPolicy(true);
    return scheduler;
  }
}
