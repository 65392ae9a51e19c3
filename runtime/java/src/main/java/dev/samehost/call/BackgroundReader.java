package dev.samehost.call;

import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that reads a link when no blocked caller does, and that runs listeners whose executor
 * is no thread of its own. It gives the reader's role up before it runs any.
 *
 * <p>On the side that calls it takes the role back lazily: under traffic of blocked callers it only
 * looks now and then whether they have gone, for taking it sooner would cost each of them a
 * wake-up.
 *
 * <p>Where it may be relieved, another thread goes on in its place when a task does not return: see
 * {@link Turns}.
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
   * @param eager whether it takes the role back at once: of a server nobody else reads the next
   *     call
   */
  record Crew(ThreadFactory threads, boolean relieves, boolean eager) {}

  private static final Logger log = LoggerFactory.getLogger(BackgroundReader.class);

  /** How long the last words to a peer may take, and how long a peer's are waited for. */
  static final long LAST_WORDS_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final int TASKS_A_WRITE = 16;

  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** So seldom it looks at last whether the callers have gone: calls that are paced come sooner. */
  private static final long MOST_TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

  private final Session session;
  private final ReaderRole role;
  private final long helloTimeoutNanos;
  private final Crew crew;
  private final Presence presence;
  private final ConcurrentLinkedQueue<Runnable> inline = new ConcurrentLinkedQueue<>();
  private final Turns turns;
  private volatile boolean resting;
  private volatile boolean gone;

  // Of the thread itself, and handed on with the turn.
  private final ArrayDeque<Runnable> own = new ArrayDeque<>(); // what it has read and is to run
  private boolean holds;
  private boolean finished;
  private int lastUses;
  private long tick = TICK_NANOS;
  private long failBy;
  private long pausedAt; // when its task has, in nanoseconds

  /** The reader of a session's link, which begins with {@link #run}. */
  BackgroundReader(Session session, long helloTimeoutNanos, Crew crew) {
    this.session = session;
    this.role = session.role();
    this.helloTimeoutNanos = helloTimeoutNanos;
    this.crew = crew;
    this.turns = new Turns(crew, () -> readOn(session::flushForAnother));
    this.presence = new Presence(session.link(), crew.threads());
  }

  /** Whether it is to be called when a caller has left the role free. */
  boolean waitsForRole() {
    return crew.eager() || resting || presence.isAway();
  }

  /** Has it look at what there is to do. From any thread. */
  void unpark() {
    if (presence.comeBack()) {
      presence.begin(() -> readOn(() -> {}), this::unpark);
    } else {
      LockSupport.unpark(turns.thread());
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
    if (Thread.currentThread() == turns.thread()) {
      return;
    }
    if (gone) {
      handOverInline();
      return;
    }
    unpark();
    if (role.holder() == ReaderRole.Holder.BACKGROUND) {
      session.wakeReader();
    }
  }

  /** Reads the link to its end. */
  @Override
  public void run() {
    readOn(this::begin);
  }

  private void readOn(Runnable first) {
    turns.by(Thread.currentThread());
    ReaderThread.worksFor(this, false);
    try {
      first.run();
      if (!readToTheEnd()) {
        return; // another thread reads on
      }
    } catch (RuntimeException | Error e) {
      log.error("the reader of a connection failed; the connection is given up", e);
      session.giveUp(e);
    }
    end();
  }

  private void begin() {
    session.perform(c -> {}); // a connector speaks first
    awaitHello();
  }

  private void end() {
    if (!finished) {
      takeForGood();
      finished = true;
      session.finish();
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
    while (!session.isOver()) {
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
    while (!session.helloArrived() && !session.isOver()) {
      long left = until - System.nanoTime();
      if (left <= 0) {
        session.perform(c -> c.helloTimeout(helloTimeoutNanos));
      } else {
        readFor(left);
      }
    }
  }

  private void readFor(long nanos) {
    if (session.writeFailure() == null) {
      session.read(nanos);
      return;
    }
    // The peer takes nothing any more. What it still has to say is heard, if it says it soon.
    long now = System.nanoTime();
    failBy = failBy == 0 ? now + LAST_WORDS_NANOS : failBy;
    if (failBy - now > 0) {
      session.read(Math.min(nanos, failBy - now));
    } else {
      session.perform(c -> c.linkFailed(session.writeFailure()));
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
      session.holdBack(crew.relieves() && ran % TASKS_A_WRITE != 0 && hasTasks());
      long turn = turns.begin(task);
      ReaderThread.worksFor(this, true);
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        log.error("a task on the reader of a connection failed", e);
      }
      if (!turns.end(ReaderThread.turn(turn))) {
        return false;
      }
      ReaderThread.worksFor(this, false);
      Thread.interrupted(); // what a task leaves behind is none of the next one's, nor of a read's
    }
    session.flush();
    return true;
  }

  /**
   * By its own thread, in a task that waits for what this link brings: it reads, until {@link
   * #resumeTask}. So a handler that calls its caller back waits on no other thread.
   *
   * @return false where the task is to wait as any other thread does
   */
  boolean pauseTask() {
    if (!holds || !turns.pause()) {
      return false;
    }
    pausedAt = System.nanoTime();
    ReaderThread.worksFor(this, false);
    return true;
  }

  /** By the thread that reads, or did, in a task that is about to wait for something else. */
  void aboutToWait() {
    turns.aboutToWait();
  }

  /** By its own thread, which has paused its task. */
  void resumeTask() {
    ReaderThread.goesOnAs(turns.resume(), System.nanoTime() - pausedAt);
  }

  /** Whether the reader has something else to do than to read. */
  boolean isWanted() {
    return hasTasks() || role.hasFollowers() || session.isEnding();
  }

  // ---- being away

  /** Reads; answers false when nothing has come for so long that this thread has left. */
  private boolean readOrLeave() {
    readFor(presence.patience(session.arrivals()));
    boolean quiet = presence.isQuiet(session.arrivals());
    if (quiet) {
      tick = TICK_NANOS;
    }
    return !quiet || !leave();
  }

  /** Answers false where this thread reads on nevertheless. */
  private boolean leave() {
    session.rest();
    releaseRole();
    turns.by(null);
    boolean isWatched = presence.leave(this::unpark);
    // Work is looked for now: who has come with some until now has found this thread here.
    boolean isNeeded = !isWatched || !inline.isEmpty() || session.needsReaderNow();
    if (!isNeeded || !presence.comeBack()) {
      return true;
    }
    turns.by(Thread.currentThread());
    presence.stay();
    return false;
  }

  // ---- the role

  private void takeOrRest() {
    boolean free = role.holder() == ReaderRole.Holder.FREE;
    boolean quiet = role.uses() == lastUses;
    if (free && (quiet || crew.eager() || session.needsReader())) {
      holds = role.takeAsBackground();
    } else if (free || !quiet) {
      lastUses = role.uses();
      LockSupport.parkNanos(this, tick);
      tick = Math.min(2 * tick, MOST_TICK_NANOS);
    } else {
      rest();
    }
  }

  /** A caller has held the role for a while: whoever frees it calls. */
  private void rest() {
    resting = true;
    if (role.holder() == ReaderRole.Holder.CALLER && inline.isEmpty() && !session.isOver()) {
      LockSupport.park(this);
    }
    resting = false;
  }

  private void takeForGood() {
    while (!holds && !role.takeAsBackground()) {
      session.wakeReader();
      LockSupport.parkNanos(this, TICK_NANOS);
    }
    holds = true;
  }
}
