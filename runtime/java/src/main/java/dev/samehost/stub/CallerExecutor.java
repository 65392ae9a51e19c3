package dev.samehost.stub;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The executor of one call whose caller waits for it: what it is given runs on the thread that
 * waits, and only while one waits. A channel that finds it in the options of a call may give it a
 * task that reads the connection, and so serve the call without a thread of its own.
 *
 * <p>The contract that such a channel may rest on:
 *
 * <ul>
 *   <li>After each task the waiting thread looks whether what it waits for has come; a task that
 *       reads therefore returns after each event of its call, and gives itself again if it wants to
 *       go on.
 *   <li>Nobody may be waiting, now or ever again: what was given then runs later or never.
 *   <li>Tasks run in the order in which they were given. Two threads may wait at once, one to send
 *       and one to receive: then two tasks may run at once.
 *   <li>An interrupt of the waiting thread ends its wait and cancels the call.
 * </ul>
 */
public final class CallerExecutor implements Executor {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<Runnable> tasks = new ArrayDeque<>(); // guarded by lock
  private int waiters; // guarded by lock
  private long changes; // guarded by lock; counts tasks given, tasks run, and waiters that left

  CallerExecutor() {}

  /** Hands a task to the thread that waits, or to the next one that will. Never waits. */
  @Override
  public void execute(Runnable task) {
    lock.lock();
    try {
      tasks.add(task);
      changes++;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Runs tasks on this thread until {@code done}, which is asked first and after each task. */
  void await(BooleanSupplier done) throws InterruptedException {
    long seen = enter();
    try {
      // Asked without the lock: the answer may need a lock under which others give tasks.
      while (!done.getAsBoolean()) {
        Runnable task = next(seen);
        if (task != null) {
          task.run();
          if (Thread.interrupted()) {
            throw new InterruptedException();
          }
        }
        seen = look(task != null);
      }
    } finally {
      leave();
    }
  }

  private long enter() {
    lock.lock();
    try {
      waiters++;
      return changes;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes a task or waits for a change; null when there was one since {@code seen}. Then {@code
   * done} comes first: another thread may have brought what this one waits for and have given a
   * task that would keep this one from noticing.
   */
  private Runnable next(long seen) throws InterruptedException {
    lock.lock();
    try {
      while (changes == seen && tasks.isEmpty()) {
        changed.await();
      }
      return changes == seen ? tasks.poll() : null;
    } finally {
      lock.unlock();
    }
  }

  /** What has changed until now, the task aside that this thread has run. */
  private long look(boolean afterTask) {
    lock.lock();
    try {
      if (afterTask) {
        changes++;
        if (waiters > 1) {
          changed.signalAll();
        }
      }
      return changes;
    } finally {
      lock.unlock();
    }
  }

  /** A signal that woke this thread, or a task that it leaves behind, is another waiter's now. */
  private void leave() {
    lock.lock();
    try {
      waiters--;
      changes++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
