package dev.samehost.call;

import dev.samehost.transport.Link;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that reads a link when no blocked caller does, and that runs listeners whose executor
 * is no thread of its own. It gives the reader's role up before it runs any.
 *
 * <p>It takes the role back lazily: under traffic of blocked callers it only looks every
 * millisecond whether they have gone, for taking it sooner would cost each of them a wake-up.
 */
final class BackgroundReader implements Runnable, Executor {
  private static final Logger log = LoggerFactory.getLogger(BackgroundReader.class);

  /** How long the last words to a peer may take, and how long a peer's are waited for. */
  static final long LAST_WORDS_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final Driver driver;
  private final ReaderRole role;
  private final long helloTimeoutNanos;
  private final ConcurrentLinkedQueue<Runnable> inline = new ConcurrentLinkedQueue<>();
  private volatile Thread thread;
  private volatile boolean resting;
  private volatile boolean gone;

  // Of the thread itself.
  private boolean holds;
  private int lastUses;
  private long failBy;

  BackgroundReader(Driver driver, long helloTimeoutNanos) {
    this.driver = driver;
    this.role = driver.role();
    this.helloTimeoutNanos = helloTimeoutNanos;
  }

  /** Whether it sleeps until it is called. */
  boolean isResting() {
    return resting;
  }

  void unpark() {
    LockSupport.unpark(thread);
  }

  /** Runs a task of the user's on this thread, after what it does now. */
  @Override
  public void execute(Runnable task) {
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
    thread = Thread.currentThread();
    try {
      readToTheEnd();
    } catch (RuntimeException | Error e) {
      log.error("the reader of a connection failed; the connection is given up", e);
      driver.giveUp(e);
    }
    takeForGood();
    driver.finish();
    runInline();
    gone = true;
    handOverInline();
  }

  /** What calls still have to tell when this thread has gone, others tell. */
  private void handOverInline() {
    Runnable task;
    while ((task = inline.poll()) != null) {
      Workers.pool().execute(task);
    }
  }

  private void readToTheEnd() {
    driver.run(driver.act(c -> {})); // a connector speaks first
    awaitHello();
    while (!driver.isOver()) {
      if (!inline.isEmpty()) {
        releaseRole();
        runInline();
      } else if (!holds) {
        takeOrRest();
      } else if (role.hasFollowers()) {
        releaseRole();
      } else {
        readFor(Link.FOREVER);
      }
    }
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
      driver.run(driver.act(c -> c.linkFailed(driver.writeFailure())));
    }
  }

  private void releaseRole() {
    if (holds) {
      holds = false;
      role.releaseAsBackground();
    }
  }

  private void runInline() {
    Runnable task;
    while ((task = inline.poll()) != null) {
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        log.error("a task on the reader of a connection failed", e);
      }
    }
  }

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
