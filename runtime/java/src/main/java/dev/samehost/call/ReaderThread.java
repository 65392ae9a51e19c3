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
