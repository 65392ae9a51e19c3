package dev.samehost.transport.stdio;

import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.NativeMemory;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * A child that was started, until it is reaped. It knows nothing of its pipes.
 *
 * <pre>
 *                   waitid: it has ended           waitpid
 *   RUNNING ----------------------------> ENDED ------------> REAPED
 *      |
 *      | shutDown: after a grace SIGTERM, after another one SIGKILL
 * </pre>
 *
 * <p>A signal goes only to a child that is not reaped, under the lock: its pid could be another
 * process's afterwards.
 */
final class ChildProcess {
  private static final int P_PID = 1;
  private static final int WEXITED = 4;
  private static final int WNOWAIT = Natives.LINUX ? 0x1000000 : 0x20;
  private static final int SIGINFO_BYTES = 256;

  private final int pid;
  private final Runnable onEnd;
  private final CountDownLatch end = new CountDownLatch(1);
  private boolean reaped;
  private String ending;

  private ChildProcess(int pid, Runnable onEnd) {
    this.pid = pid;
    this.onEnd = onEnd;
  }

  /**
   * Watches over a child that was just started, from a daemon thread that ends with it. Where there
   * can be no thread, the child is killed.
   *
   * @param threads makes the thread
   * @param onEnd run once, by that thread, when the child has ended and was reaped
   */
  static ChildProcess watch(int pid, ThreadFactory threads, Runnable onEnd) {
    ChildProcess child = new ChildProcess(pid, onEnd);
    try {
      Thread thread = threads.newThread(child::reap);
      thread.setName("samehost-child-" + pid);
      thread.start();
    } catch (RuntimeException | Error e) {
      child.signal(Signals.SIGKILL);
      child.reap(); // which takes no longer than the end of one that was killed
      throw e;
    }
    return child;
  }

  int pid() {
    return pid;
  }

  private void reap() {
    ByteBuffer info = NativeMemory.zeros(SIGINFO_BYTES);
    ByteBuffer status = NativeMemory.zeros(4);
    try {
      int result;
      do {
        result = Natives.waitid(P_PID, pid, NativeMemory.address(info), WEXITED | WNOWAIT);
      } while (result < 0 && Errno.EINTR.is(Errno.last()));
      synchronized (this) {
        // Fails only where SIGCHLD is ignored: then the system has reaped it, and keeps the status.
        int collected = Natives.waitpid(pid, NativeMemory.address(status), 0);
        ending = collected == pid ? Signals.describe(status.getInt(0)) : "ended";
        reaped = true;
      }
    } finally {
      Reference.reachabilityFence(info);
      Reference.reachabilityFence(status);
    }
    end.countDown();
    onEnd.run();
  }

  boolean hasEnded() {
    return end.getCount() == 0;
  }

  /** Waits for the end, and answers how it came, for people; null when it has not. */
  String awaitEnd(long timeoutNanos) {
    try {
      if (!end.await(timeoutNanos, TimeUnit.NANOSECONDS)) {
        return null;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (!hasEnded()) {
        return null;
      }
    }
    synchronized (this) {
      return ending;
    }
  }

  /** Sees to it that the child ends, whose input has ended; returns at once. */
  void shutDown(Duration grace) {
    if (!hasEnded()) {
      Timer.after(grace, () -> signal(Signals.SIGTERM));
      Timer.after(grace.multipliedBy(2), () -> signal(Signals.SIGKILL));
    }
  }

  private synchronized void signal(int signal) {
    if (!reaped) {
      Natives.kill(pid, signal);
    }
  }

  /** One daemon thread for the signals of all children; made with the first, it never ends. */
  private static final class Timer {
    private static final ScheduledThreadPoolExecutor EXECUTOR =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "samehost-child-timer");
              thread.setDaemon(true);
              return thread;
            });

    private Timer() {}

    @SuppressWarnings("FutureReturnValueIgnored") // kill answers nothing that could be acted on
    static void after(Duration delay, Runnable task) {
      EXECUTOR.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    }
  }
}
