package dev.samehost.call;

import java.lang.invoke.VarHandle;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a call has to tell its listener, in order. Many threads add, without a lock; one at a time
 * delivers, whichever thread the executor gives. It never delivers inside {@link #start}, so that
 * whoever adds, perhaps under locks of the user's, runs nothing of the user's.
 *
 * <pre>
 *              add, and start follows             the deliverer takes them
 *      nothing ----------------------&gt; tasks &lt;--------------------------&gt; BUSY
 *         ^                              |                 add              |
 *         +----- nothing was added ------|---------------------------------+
 *                                        | abort: the last task of all
 *                                        v
 *                                      sealed -- the deliverer takes it --&gt; OVER
 * </pre>
 *
 * <p>What the deliverer has taken, and what its thread adds while nothing else waits, is in a list
 * of its own.
 */
final class Callbacks implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(Callbacks.class);

  /** A task that waits, and the one that was added before it. */
  private static final class Task {
    private final Runnable action;
    private final boolean seals;
    private Task next;

    private Task(Runnable action, boolean seals) {
      this.action = action;
      this.seals = seals;
    }
  }

  private static final VarHandle LAST = VarHandles.of(Callbacks.class, "last", Task.class);

  /** Somebody delivers, and nothing waits. */
  private static final Task BUSY = new Task(null, false);

  /** The last task was taken. */
  private static final Task OVER = new Task(null, true);

  /** The task that was added last, {@link #BUSY}, {@link #OVER}, or null. */
  private volatile Task last;

  private final Pump pump;
  private final Runnable rejected;
  private final Pace pace; // null where nobody asks how long it takes
  private final boolean alone;

  // Of the deliverer: what it tells next, in order.
  private Task ownFirst;
  private Task ownLast;
  private boolean moved; // to another executor, whose thread goes on with them
  private long messageBytes; // of what it has told of since it began

  /** The thread that delivers, or an outdated answer: only that thread itself can rely on it. */
  private Thread deliverer;

  // Seen by whoever finds that nobody delivers, or was there before any task.
  private Executor executor;
  private Executor inline;

  /**
   * Callbacks that an executor delivers.
   *
   * @param inline takes over where the executor runs what it is given at once
   * @param rejected runs when the executor refuses to work
   */
  Callbacks(Executor executor, Executor inline, Runnable rejected) {
    this(executor, inline, rejected, null, false);
  }

  /** The same, whose pace is measured; {@code alone} as {@link Pace} has it. */
  Callbacks(Executor executor, Executor inline, Runnable rejected, Pace pace, boolean alone) {
    this.alone = alone;
    this.executor = executor;
    this.inline = inline;
    this.rejected = rejected;
    this.pace = pace;
    this.pump = null;
  }

  /** Those of a call of this side's. */
  Callbacks(ClientStreamOptions options, Runnable rejected) {
    this(options.executor(), Workers.pool(), rejected, options.pace(), false);
  }

  /** Callbacks that a pump delivers, on the thread of the blocked caller. */
  Callbacks(Pump pump) {
    this.pump = pump;
    this.rejected = null;
    this.pace = null;
    this.alone = false;
  }

  /**
   * Where to deliver if the executor runs what it is given at once, and in any case where there is
   * a pace and it is fast.
   */
  void inline(Executor other) {
    if (pump == null) {
      inline = other;
      executor = pace != null && !pace.nextIsSlow(alone) ? other : executor;
    }
  }

  /**
   * The first task, before anybody else knows of this: as if it were being delivered. {@link
   * #start} must follow, once the locks are released.
   */
  void first(Runnable action) {
    append(new Task(action, false));
    LAST.set(this, BUSY);
  }

  /**
   * Adds a task.
   *
   * @return whether {@link #start} must follow, once the locks are released
   */
  boolean add(Runnable action) {
    return put(new Task(action, false));
  }

  /** Drops all tasks, adds this one as the last one ever, and answers as {@link #add} does. */
  boolean abort(Runnable action) {
    return put(new Task(action, true));
  }

  private boolean put(Task task) {
    boolean here = deliverer == Thread.currentThread();
    while (true) {
      Task before = last;
      if (before != null && before.seals) {
        return false;
      }
      if (here && !task.seals && (before == null || before == BUSY)) {
        append(task);
        return false;
      }
      task.next = task.seals ? null : before;
      if (LAST.compareAndSet(this, before, task)) {
        return before == null && !here; // the deliverer looks again by itself
      }
    }
  }

  private void append(Task task) {
    task.next = null;
    if (ownFirst == null) {
      ownFirst = task;
    } else {
      ownLast.next = task;
    }
    ownLast = task;
  }

  /** In a callback: this task comes next, and everything from it on runs on another executor. */
  void moveTo(Executor other, Runnable next) {
    executor = other;
    moved = true;
    Task task = new Task(next, false);
    task.next = ownFirst;
    ownLast = ownFirst == null ? task : ownLast;
    ownFirst = task;
  }

  /** Runs a task where callbacks run, beside them. */
  void beside(Runnable task) {
    hand(task, executor, inline);
  }

  /** Whether nobody else is asked to deliver. */
  boolean areToldBy(Executor other) {
    return executor == other;
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
    if (pace == null) {
      drain();
    } else if (movesOn()) {
      start();
    } else if (pace.measuresThis()) {
      messageBytes = 0;
      long began = System.nanoTime() - ReaderThread.pausedNanos();
      drain();
      pace.took(System.nanoTime() - ReaderThread.pausedNanos() - began, messageBytes);
    } else {
      drain();
    }
  }

  /**
   * By the deliverer, in the middle of a call perhaps: what has become slow since holds up no
   * reader any more, and what is fast again is told by one the next time. Nobody else changes the
   * executor, or looks at it while there is a deliverer, so the order is kept.
   *
   * @return whether this delivery is another executor's
   */
  private boolean movesOn() {
    Executor pool = Workers.pool();
    boolean isSlow = pace.isSlow(alone);
    if (executor == pool) {
      executor = isSlow ? pool : inline;
      return false;
    }
    if (executor != inline || !isSlow) {
      return false;
    }
    executor = pool;
    return true;
  }

  /** In a callback: it is about a message of so many bytes, to make which takes its time. */
  void tellsOf(int bytes) {
    messageBytes += bytes;
  }

  /** What is told how long delivering takes, or that it held a reader up; or null. */
  Pace pace() {
    return pace;
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
    } catch (RuntimeException | Error e) { // or whoever reads would fail for all other calls
      log.warn("the executor of a call does not take its callbacks; the call is given up", e);
      return false;
    } finally {
      delivery.starter = null;
    }
  }

  /** By the pump's thread: from here to {@link #exit} what it adds itself needs no signal. */
  void enter() {
    deliverer = Thread.currentThread();
  }

  /** By the pump's thread. */
  void exit() {
    deliverer = null;
  }

  /** By the pump's thread. */
  boolean isEmpty() {
    Task newest = last;
    return ownFirst == null && (newest == null || newest.action == null);
  }

  /**
   * Delivers all there is, also what comes meanwhile.
   *
   * @return whether there was anything
   */
  boolean drain() {
    boolean any = false;
    deliverer = Thread.currentThread();
    do {
      any |= goOn();
      if (moved) {
        moved = false;
        deliverer = null;
        start();
        return any;
      }
      ownFirst = null;
    } while (take());
    return any;
  }

  /**
   * By the deliverer, also in a callback: delivers what is in its own list, and what it adds to it
   * meanwhile.
   *
   * @return whether there was anything
   */
  boolean goOn() {
    boolean any = false;
    while (ownFirst != null && !moved && !isDropped(ownFirst)) {
      Task task = ownFirst;
      ownFirst = task.next;
      any = true;
      try {
        task.action.run();
      } catch (Throwable e) {
        log.error("a callback of a call failed", e);
      }
    }
    return any;
  }

  /**
   * Whether the last task ever was added: what was added before it, and is not told, is dropped.
   */
  boolean isSealed() {
    Task newest = last;
    return newest != null && newest.seals;
  }

  /** Whether another task is to be the last one ever, and this one was added before it. */
  private boolean isDropped(Task task) {
    return isSealed() && !task.seals;
  }

  /** Takes all tasks that wait. Answers false where none do: then nobody delivers any more. */
  private boolean take() {
    while (true) {
      Task newest = last;
      if (newest == null || newest == BUSY) {
        // Before others may begin to deliver. A pump goes on: it says so itself.
        deliverer = pump == null ? null : deliverer;
        if (newest == null || LAST.compareAndSet(this, BUSY, null)) {
          return false;
        }
        deliverer = Thread.currentThread();
      } else if (newest == OVER) {
        return false;
      } else if (LAST.compareAndSet(this, newest, newest.seals ? OVER : BUSY)) {
        own(newest);
        return true;
      }
    }
  }

  private void own(Task newest) {
    ownLast = newest;
    Task task = newest;
    while (task != null && task != BUSY) {
      Task before = task.next;
      task.next = ownFirst;
      ownFirst = task;
      task = before;
    }
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
