package dev.samehost.stub;

import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** The threads of streaming handlers that were given no executor: one a call, kept for a minute. */
public final class HandlerThreads {
  private static final AtomicLong COUNT = new AtomicLong();
  private static final Executor SHARED =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "samehost-handler-" + COUNT.incrementAndGet());
            thread.setDaemon(true);
            return thread;
          });

  private HandlerThreads() {}

  /** The one pool of the process. Its threads do not keep the process alive. */
  public static Executor shared() {
    return SHARED;
  }
}
