package dev.samehost.call;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The tasks that a {@link BackgroundReader} runs, each a turn. Another thread goes on in its place
 * when a task does not return: the {@link Watchman} sees to that, or the task itself when it is
 * about to wait. It reads nothing.
 *
 * <pre>
 *               begins a task                  has ended it
 *      n even ----------------&gt; n + 1, odd ------------------&gt; n + 2: goes on
 *                                 |  |  ^
 *                                 |  |  | goes on with its task, as n + 3
 *                                 |  |  |
 *                                 |  +--+- waits for what its own link brings: n + 2, it reads
 *                                 |
 *                                 +--- a relief was sooner ---&gt; n + 2: the relief goes on,
 *                                                               this thread ends with its task
 * </pre>
 */
final class Turns {
  private final BackgroundReader.Crew crew;
  private final Runnable readOn;
  private final AtomicLong turn = new AtomicLong();
  private final AtomicLong relieved = new AtomicLong(); // the last turn for which one was called
  private final AtomicBoolean watched = new AtomicBoolean();
  private volatile Thread thread;
  private Pace pace; // of the task that runs, or null; of the thread, and handed on with the turn

  /**
   * Turns that have not begun.
   *
   * @param readOn what a thread does that goes on
   */
  Turns(BackgroundReader.Crew crew, Runnable readOn) {
    this.crew = crew;
    this.readOn = readOn;
  }

  /** Whose turns they are, or null. */
  Thread thread() {
    return thread;
  }

  /** From now on they are this thread's, or nobody's where it is null. */
  void by(Thread reader) {
    thread = reader;
  }

  /** A task begins; answers its turn. */
  long begin(Runnable task) {
    if (!crew.relieves()) {
      return 0;
    }
    Pace its = task instanceof Callbacks callbacks ? callbacks.pace() : null;
    // It mostly is the last one's, and G1 has a fence behind each store of a reference.
    if (pace != its) {
      pace = its;
    }
    return next();
  }

  private long next() {
    long now = turn.get() + 1;
    turn.set(now);
    if (!watched.get() && claimWatch()) {
      Watchman.watch(this);
    }
    return now;
  }

  /** A task has ended; false when another thread goes on. */
  boolean end(long now) {
    return !crew.relieves() || turn.compareAndSet(now, now + 1);
  }

  /**
   * By the thread, in a task: it reads until it goes on with the task, and nobody relieves it.
   *
   * @return false where somebody has, or it is not this thread's turn
   */
  boolean pause() {
    long now = turn.get();
    return isInside(now) && thread == Thread.currentThread() && turn.compareAndSet(now, now + 1);
  }

  /** By the thread, which has paused: it goes on with its task. Answers the turn that this is. */
  long resume() {
    return next();
  }

  /** Counts turns: the number is odd inside of a task. */
  long now() {
    return turn.get();
  }

  static boolean isInside(long turn) {
    return (turn & 1) == 1;
  }

  /** Whether the thread waits for something; else it computes, or is kept from it. */
  boolean waits() {
    Thread worker = thread;
    return worker != null && worker.getState() != Thread.State.RUNNABLE;
  }

  /** Whether they were not watched: the one who is told so has them watched. */
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
      readOn.run();
    }
  }

  /** By the thread, or one that was it, in a task that is about to wait for something else. */
  void aboutToWait() {
    long now = turn.get();
    if (isInside(now) && thread == Thread.currentThread()) {
      relieve(now);
    }
  }
}
