package dev.samehost.call;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * A thread that reads a connection, and may run handlers or listeners between two reads. It only
 * knows which reader it works for.
 */
final class ReaderThread extends Thread {
  private static final AtomicLong COUNT = new AtomicLong();

  // Of this thread alone.
  private BackgroundReader reader; // whose work it does now
  private boolean insideTask;
  private long turn; // of a task that has gone on after it had paused, or 0
  private long pausedNanos; // in all tasks so far

  private ReaderThread(Runnable task, String name) {
    super(task, name);
    setDaemon(true);
  }

  /** Makes the readers of connections, whose names begin with {@code prefix}. */
  static ThreadFactory at(String prefix, Supplier<String> address) {
    return task -> new ReaderThread(task, prefix + COUNT.incrementAndGet() + " " + address.get());
  }

  /** The calling thread works for a reader from now on: reads for it, or runs one of its tasks. */
  static void worksFor(BackgroundReader reader, boolean insideTask) {
    if (Thread.currentThread() instanceof ReaderThread thread) {
      // G1 has a fence behind each store of a reference into an old object.
      if (thread.reader != reader) {
        thread.reader = reader;
      }
      thread.insideTask = insideTask;
    }
  }

  /** The calling thread, in a pause of its task, goes on with that, which is another turn now. */
  static void goesOnAs(long turn, long afterNanos) {
    if (Thread.currentThread() instanceof ReaderThread thread) {
      thread.insideTask = true;
      thread.turn = turn;
      thread.pausedNanos += afterNanos;
    }
  }

  /** For how long tasks of the calling thread's have paused so far. */
  static long pausedNanos() {
    return Thread.currentThread() instanceof ReaderThread thread ? thread.pausedNanos : 0;
  }

  /** The turn that the calling thread's task has ended as, which had begun as this one. */
  static long turn(long begun) {
    if (Thread.currentThread() instanceof ReaderThread thread && thread.turn != 0) {
      long turn = thread.turn;
      thread.turn = 0;
      return turn;
    }
    return begun;
  }

  /** Whether the calling thread is in a task of this reader's. */
  static boolean isInTaskOf(BackgroundReader reader) {
    return Thread.currentThread() instanceof ReaderThread thread
        && thread.reader == reader
        && thread.insideTask;
  }

  /**
   * Whether the calling thread reads for this reader, and is not in a task: then nobody else is.
   */
  static boolean readsFor(BackgroundReader reader) {
    return Thread.currentThread() instanceof ReaderThread thread
        && thread.reader == reader
        && !thread.insideTask;
  }

  /** The calling thread is about to wait for another connection: its own is read by others then. */
  static void aboutToWait() {
    if (Thread.currentThread() instanceof ReaderThread thread && thread.reader != null) {
      thread.reader.aboutToWait();
    }
  }
}
