package dev.samehost.call;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a call has to tell its listener, in order. Many threads add; one at a time delivers,
 * whichever thread the executor gives. It never delivers inside {@link #start}, so that whoever
 * adds, perhaps under locks of the user's, runs nothing of the user's.
 */
final class Callbacks implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(Callbacks.class);

  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final Pump pump;
  private final Runnable rejected;
  private final Pace pace; // null where nobody asks how long it takes
  private boolean scheduled;
  private boolean sealed;
  private boolean moved; // while delivering, to another executor
  private volatile Executor executor;
  private volatile Executor inline;

  /**
   * Callbacks that an executor delivers.
   *
   * @param inline takes over where the executor runs what it is given at once
   * @param rejected runs when the executor refuses to work
   */
  Callbacks(Executor executor, Executor inline, Runnable rejected) {
    this(executor, inline, rejected, null);
  }

  /** The same, whose pace is measured. */
  Callbacks(Executor executor, Executor inline, Runnable rejected, Pace pace) {
    this.executor = executor;
    this.inline = inline;
    this.rejected = rejected;
    this.pace = pace;
    this.pump = null;
  }

  /** Callbacks that a pump delivers, on the thread of the blocked caller. */
  Callbacks(Pump pump) {
    this.pump = pump;
    this.executor = null;
    this.rejected = null;
    this.pace = null;
  }

  /** Where to deliver if the executor runs what it is given at once. */
  void inline(Executor executor) {
    inline = executor;
  }

  /**
   * Adds a task.
   *
   * @return whether {@link #start} must follow, once the locks are released
   */
  synchronized boolean add(Runnable task) {
    if (sealed) {
      return false;
    }
    return put(task);
  }

  /** Drops all tasks, adds this one as the last one ever, and answers as {@link #add} does. */
  synchronized boolean abort(Runnable task) {
    if (sealed) {
      return false;
    }
    sealed = true;
    tasks.clear();
    return put(task);
  }

  /** In a callback: this task comes next, and everything from it on runs on another executor. */
  synchronized void moveTo(Executor other, Runnable next) {
    if (!sealed) {
      tasks.addFirst(next);
    }
    executor = other;
    moved = true;
  }

  /** Runs a task where callbacks run, beside them. */
  void beside(Runnable task) {
    hand(task, executor, inline);
  }

  private boolean put(Runnable task) {
    tasks.add(task);
    if (scheduled) {
      return false;
    }
    scheduled = true;
    return true;
  }

  /** Sees to it that somebody delivers. Runs nothing of the user's but the executor itself. */
  void start() {
    if (pump != null) {
      pump.signal();
      return;
    }
    if (!hand(this, executor, inline)) {
      rejected.run();
    }
  }

  /** Delivers, on the executor, and tells the pace. */
  @Override
  public void run() {
    if (pace == null || !pace.measuresThis()) {
      drain();
      return;
    }
    long began = System.nanoTime();
    drain();
    pace.took(System.nanoTime() - began);
  }

  /** A reader was held up by what is delivered. */
  void surprised() {
    if (pace != null) {
      pace.surprised();
    }
  }

  /**
   * Gives a task to an executor; to the other one where the first runs what it is given at once.
   *
   * @return false when it was rejected, which is logged
   */
  @SuppressWarnings("ReferenceEquality") // one that hands over at all times needs no watching
  static boolean hand(Runnable task, Executor executor, Executor inline) {
    if (executor == inline || executor == Workers.pool()) {
      executor.execute(task);
      return true;
    }
    Delivery delivery = new Delivery(task, inline);
    try {
      executor.execute(delivery);
      return true;
    } catch (RejectedExecutionException e) {
      log.warn("the executor of a call does not take its callbacks; the call is given up", e);
      return false;
    } finally {
      delivery.starter = null;
    }
  }

  synchronized boolean isEmpty() {
    return tasks.isEmpty();
  }

  /**
   * Delivers all there is, also what comes meanwhile.
   *
   * @return whether there was anything
   */
  boolean drain() {
    boolean any = false;
    while (true) {
      Runnable task;
      synchronized (this) {
        if (moved) {
          break;
        }
        task = tasks.poll();
        if (task == null) {
          scheduled = false;
          return any;
        }
      }
      any = true;
      try {
        task.run();
      } catch (Throwable e) {
        log.error("a callback of a call failed", e);
      }
    }
    synchronized (this) {
      moved = false;
    }
    start();
    return any;
  }

  /** A task on its executor; it tells an executor that runs at once from one that does not. */
  private static final class Delivery implements Runnable {
    private final Runnable task;
    private final Executor inline;
    private volatile Thread starter = Thread.currentThread();

    private Delivery(Runnable task, Executor inline) {
      this.task = task;
      this.inline = inline;
    }

    @Override
    public void run() {
      if (starter == Thread.currentThread()) {
        inline.execute(task);
      } else {
        task.run();
      }
    }
  }
}
