package dev.samehost.call;

import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that reads a link when no blocked caller does, and that runs listeners whose executor
 * is no thread of its own. It gives the reader's role up before it runs any.
 *
 * <p>It takes the role back lazily: under traffic of blocked callers it only looks every
 * millisecond whether they have gone, for taking it sooner would cost each of them a wake-up.
 *
 * <p>Where it may be relieved, another thread goes on in its place when a task does not return: the
 * {@link Watchman} sees to that, or the task itself when it is about to wait. Each task is a turn:
 *
 * <pre>
 *               begins a task                  has ended it
 *      n even ----------------> n + 1, odd ------------------> n + 2: goes on
 *                                    |
 *                                    +--- a relief was sooner ---> n + 2: the relief goes on,
 *                                                                  this thread ends with its task
 * </pre>
 *
 * <p>Where nothing comes for a while the thread leaves, and another one comes back when there is
 * something: {@link Presence}.
 */
final class BackgroundReader implements Runnable, Executor {
  /**
   * Who goes on in its place.
   *
   * @param threads makes those who read on where the link was idle
   * @param relieves whether one reads on as well where a task holds the reader up
   */
  record Crew(ThreadFactory threads, boolean relieves) {}

  private static final Logger log = LoggerFactory.getLogger(BackgroundReader.class);

  /** How long the last words to a peer may take, and how long a peer's are waited for. */
  static final long LAST_WORDS_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final int TASKS_A_WRITE = 16;

  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final Driver driver;
  private final ReaderRole role;
  private final long helloTimeoutNanos;
  private final Crew crew;
  private final Presence presence;
  private final ConcurrentLinkedQueue<Runnable> inline = new ConcurrentLinkedQueue<>();
  private final AtomicLong turn = new AtomicLong();
  private final AtomicLong relieved = new AtomicLong(); // the last turn for which one was called
  private final AtomicBoolean watched = new AtomicBoolean();
  private volatile Thread thread;
  private volatile boolean resting;
  private volatile boolean gone;

  // Of the thread itself, and handed on with the turn.
  private final ArrayDeque<Runnable> own = new ArrayDeque<>(); // what it has read and is to run
  private Pace pace; // of the task that runs, or null
  private boolean holds;
  private boolean finished;
  private int lastUses;
  private long failBy;

  /** The reader of a driver's link, which begins with {@link #run}. */
  BackgroundReader(Driver driver, long helloTimeoutNanos, Crew crew) {
    this.driver = driver;
    this.role = driver.role();
    this.helloTimeoutNanos = helloTimeoutNanos;
    this.crew = crew;
    this.presence = new Presence(driver.link(), crew.threads());
  }

  /** Whether it sleeps until it is called. */
  boolean isResting() {
    return resting || presence.isAway();
  }

  /** Has it look at what there is to do. From any thread. */
  void unpark() {
    if (presence.comeBack()) {
      presence.begin(() -> readOn(() -> {}), this::unpark);
    } else {
      LockSupport.unpark(thread);
    }
  }

  /** Whether these are to be told by the thread that reads, which this is: it tells them next. */
  boolean takes(Callbacks callbacks) {
    boolean takes = callbacks.areToldBy(this) && ReaderThread.readsFor(this);
    if (takes) {
      own.add(callbacks);
    }
    return takes;
  }

  /** Runs a task of the user's on this thread, after what it does now. */
  @Override
  public void execute(Runnable task) {
    if (ReaderThread.readsFor(this)) {
      own.add(task);
      return;
    }
    inline.add(task);
    if (Thread.currentThread() == thread) {
      return;
    }
    if (gone) {
      handOverInline();
      return;
    }
    unpark();
    if (role.holder() == ReaderRole.Holder.BACKGROUND) {
      driver.wakeReader();
    }
  }

  /** Reads the link to its end. */
  @Override
  public void run() {
    readOn(this::begin);
  }

  private void readOn(Runnable first) {
    thread = Thread.currentThread();
    ReaderThread.worksFor(this, false);
    try {
      first.run();
      if (!readToTheEnd()) {
        return; // another thread reads on
      }
    } catch (RuntimeException | Error e) {
      log.error("the reader of a connection failed; the connection is given up", e);
      driver.giveUp(e);
    }
    end();
  }

  private void begin() {
    driver.perform(c -> {}); // a connector speaks first
    awaitHello();
  }

  private void end() {
    if (!finished) {
      takeForGood();
      finished = true;
      driver.finish();
    }
    if (runInline()) {
      gone = true;
      handOverInline();
    }
  }

  /** What calls still have to tell when this thread has gone, others tell. */
  private void handOverInline() {
    Runnable task;
    while ((task = inline.poll()) != null) {
      Workers.pool().execute(task);
    }
  }

  private boolean hasTasks() {
    return !own.isEmpty() || !inline.isEmpty();
  }

  private Runnable nextTask() {
    Runnable task = own.poll();
    return task != null ? task : inline.poll();
  }

  /** Answers false when another thread goes on. */
  private boolean readToTheEnd() {
    while (!driver.isOver()) {
      if (hasTasks()) {
        // Who may be relieved keeps the role: whoever goes on then has it.
        if (!crew.relieves()) {
          releaseRole();
        }
        if (!runInline()) {
          return false;
        }
      } else if (!holds) {
        takeOrRest();
      } else if (role.hasFollowers()) {
        releaseRole();
      } else if (!readOrLeave()) {
        return false;
      }
    }
    return true;
  }

  private void awaitHello() {
    long until = System.nanoTime() + helloTimeoutNanos;
    holds = role.takeAsBackground();
    while (!driver.helloArrived() && !driver.isOver()) {
      long left = until - System.nanoTime();
      if (left <= 0) {
        driver.helloTimeout(helloTimeoutNanos);
      } else {
        readFor(left);
      }
    }
  }

  private void readFor(long nanos) {
    if (driver.writeFailure() == null) {
      driver.read(nanos);
      return;
    }
    // The peer takes nothing any more. What it still has to say is heard, if it says it soon.
    long now = System.nanoTime();
    failBy = failBy == 0 ? now + LAST_WORDS_NANOS : failBy;
    if (failBy - now > 0) {
      driver.read(Math.min(nanos, failBy - now));
    } else {
      driver.perform(c -> c.linkFailed(driver.writeFailure()));
    }
  }

  private void releaseRole() {
    if (holds) {
      holds = false;
      role.releaseAsBackground();
    }
  }

  /** Runs the tasks that wait here; false when another thread goes on meanwhile. */
  private boolean runInline() {
    Runnable task;
    for (int ran = 1; (task = nextTask()) != null; ran++) {
      // The answers of tasks that follow each other at once leave in one write.
      driver.holdBack(crew.relieves() && ran % TASKS_A_WRITE != 0 && hasTasks());
      long now = beginTurn(task);
      ReaderThread.worksFor(this, true);
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        log.error("a task on the reader of a connection failed", e);
      }
      if (!endTurn(now)) {
        return false;
      }
      ReaderThread.worksFor(this, false);
      Thread.interrupted(); // what a task leaves behind is none of the next one's, nor of a read's
    }
    driver.flush();
    return true;
  }

  private long beginTurn(Runnable task) {
    if (!crew.relieves()) {
      return 0;
    }
    Pace its = task instanceof Callbacks callbacks ? callbacks.pace() : null;
    // It mostly is the last one's, and G1 has a fence behind each store of a reference.
    if (pace != its) {
      pace = its;
    }
    long now = turn.get() + 1;
    turn.set(now);
    if (!watched.get() && claimWatch()) {
      Watchman.watch(this);
    }
    return now;
  }

  private boolean endTurn(long now) {
    return !crew.relieves() || turn.compareAndSet(now, now + 1);
  }

  // ---- being relieved

  /** Counts tasks: the number of the one that runs is odd. */
  long turn() {
    return turn.get();
  }

  static boolean isInside(long turn) {
    return (turn & 1) == 1;
  }

  /** Whether its thread waits for something; else it computes, or is kept from it. */
  boolean waits() {
    Thread worker = thread;
    return worker != null && worker.getState() != Thread.State.RUNNABLE;
  }

  /** Whether it was not watched: the one who is told so has it watched. */
  boolean claimWatch() {
    return watched.compareAndSet(false, true);
  }

  void unwatch() {
    watched.set(false);
  }

  /** Has another thread go on, unless the task of this turn returns before. From any thread. */
  void relieve(long ofTurn) {
    long last = relieved.get();
    if (last == ofTurn || turn.get() != ofTurn || !relieved.compareAndSet(last, ofTurn)) {
      return;
    }
    try {
      Pace surprised = pace;
      if (surprised != null) {
        surprised.surprised();
      }
      crew.threads().newThread(() -> goOn(ofTurn)).start();
    } catch (RuntimeException | Error e) {
      relieved.set(last); // somebody tries again
      throw e;
    }
  }

  private void goOn(long ofTurn) {
    if (turn.compareAndSet(ofTurn, ofTurn + 1)) {
      readOn(driver::flushForAnother);
    }
  }

  /** By the thread that reads, or did, in a task that is about to wait for something else. */
  void aboutToWait() {
    long now = turn.get();
    if (isInside(now) && thread == Thread.currentThread()) {
      relieve(now);
    }
  }

  // ---- being away

  /** Reads; answers false when nothing has come for so long that this thread has left. */
  private boolean readOrLeave() {
    readFor(presence.patience(driver.arrivals()));
    return !presence.isQuiet(driver.arrivals()) || !leave();
  }

  /** Answers false where this thread reads on nevertheless. */
  private boolean leave() {
    releaseRole();
    thread = null;
    boolean isWatched = presence.leave(this::unpark);
    // Work is looked for now: who has come with some until now has found this thread here.
    boolean isNeeded = !isWatched || !inline.isEmpty() || driver.needsReaderNow();
    if (!isNeeded || !presence.comeBack()) {
      return true;
    }
    thread = Thread.currentThread();
    presence.stay();
    return false;
  }

  // ---- the role

  private void takeOrRest() {
    boolean free = role.holder() == ReaderRole.Holder.FREE;
    boolean quiet = role.uses() == lastUses;
    if (free && (quiet || driver.needsReader())) {
      holds = role.takeAsBackground();
    } else if (free || !quiet) {
      lastUses = role.uses();
      LockSupport.parkNanos(this, TICK_NANOS);
    } else {
      rest();
    }
  }

  /** A caller has held the role for a while: whoever frees it calls. */
  private void rest() {
    resting = true;
    if (role.holder() == ReaderRole.Holder.CALLER && inline.isEmpty() && !driver.isOver()) {
      LockSupport.park(this);
    }
    resting = false;
  }

  private void takeForGood() {
    while (!holds && !role.takeAsBackground()) {
      driver.wakeReader();
      LockSupport.parkNanos(this, TICK_NANOS);
    }
    holds = true;
  }
}
