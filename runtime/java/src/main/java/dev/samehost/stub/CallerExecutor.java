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
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private int waiters;

  CallerExecutor() {}

  /** Hands a task to the thread that waits, or to the next one that will. Never waits. */
  @Override
  public void execute(Runnable task) {
    lock.lock();
    try {
      tasks.add(task);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Runs tasks on this thread until {@code done}, which is asked first and after each task. */
  void await(BooleanSupplier done) throws InterruptedException {
    lock.lock();
    waiters++;
    try {
      while (!done.getAsBoolean()) {
        Runnable task = tasks.poll();
        if (task == null) {
          changed.await();
        } else {
          runUnlocked(task);
        }
      }
    } finally {
      waiters--;
      // A signal that woke this thread, or a task that it leaves behind, is another waiter's now.
      if (waiters > 0) {
        changed.signalAll();
      }
      lock.unlock();
    }
  }

  private void runUnlocked(Runnable task) throws InterruptedException {
    lock.unlock();
    try {
      task.run();
    } finally {
      lock.lock();
      if (waiters > 1) {
        changed.signalAll(); // the task may have brought what another one waits for
      }
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }
}
