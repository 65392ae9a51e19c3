package dev.samehost.call;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * A thread that reads a connection of a server, and may run handlers between two reads. It only
 * knows which reader it works for.
 */
final class ReaderThread extends Thread {
  private static final AtomicLong COUNT = new AtomicLong();

  /** The reader whose work it does now; of this thread alone. */
  private BackgroundReader reader;

  private ReaderThread(Runnable task, String name) {
    super(task, name);
    setDaemon(true);
  }

  /** Makes the readers of a server's connections. */
  static ThreadFactory at(Supplier<String> address) {
    return task ->
        new ReaderThread(task, "samehost-server-" + COUNT.incrementAndGet() + " " + address.get());
  }

  /** The calling thread works for a reader from now on, or for none. */
  static void worksFor(BackgroundReader reader) {
    if (Thread.currentThread() instanceof ReaderThread thread) {
      thread.reader = reader;
    }
  }

  /** The calling thread is about to wait for another connection: its own is read by others then. */
  static void aboutToWait() {
    if (Thread.currentThread() instanceof ReaderThread thread && thread.reader != null) {
      thread.reader.aboutToWait();
    }
  }
}
