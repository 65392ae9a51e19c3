package dev.samehost.transport.stdio;

import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Poll;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.posix.Wakeup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends this process when its host has closed its input or has died, on a daemon thread of its own:
 * the program's own code may be busy, and would be an orphan. It reads nothing.
 *
 * <pre>
 *             input hangs up, host dies                after the grace, not ending
 *   WATCHING ---------------------------> GRACE ------------------------------------> halt
 *                                           |                                          ^
 *                                           | the program is ending by itself          |
 *                                           v                                          |
 *                                        ENDING --- host known to live: when it dies --|
 *                                                   otherwise: after a short while ----+
 * </pre>
 */
final class HostWatch {
  private static final Logger LOG = LoggerFactory.getLogger(HostWatch.class);

  /**
   * How long a program that is ending may go on where nobody is known to live who would kill it:
   * with the usual grace, no orphan is there a second after its host.
   */
  private static final Duration ENDING = Duration.ofMillis(400);

  private static final int INPUT = 0;
  private static final int HOST = 1;
  private static final int WAKEUP = 2;

  private final Duration grace;
  private final Wakeup wakeup;
  private final Poll poll = new Poll();
  private final CountDownLatch ending = new CountDownLatch(1);

  /** A descriptor of its own, so that the link may close the other at any time. */
  private final Fd input;

  // Guarded by this.
  private boolean inputClosed;
  private Fd host;
  private boolean hostGone;

  private HostWatch(Fd input, Wakeup wakeup, Duration grace) {
    this.input = input;
    this.wakeup = wakeup;
    this.grace = grace;
  }

  /** Watches the host behind {@code input}, which it does not take over. */
  static HostWatch start(int input, Duration grace) throws SystemCallException {
    Fd own = Fd.duplicate(input);
    HostWatch watch;
    try {
      watch = new HostWatch(own, new Wakeup(), grace);
    } catch (SystemCallException e) {
      own.close();
      throw e;
    }
    Thread thread = new Thread(watch::run, "samehost-host-watch");
    thread.setDaemon(true);
    thread.start();
    Runtime.getRuntime()
        .addShutdownHook(new Thread(watch.ending::countDown, "samehost-host-watch-end"));
    return watch;
  }

  /** The host says who it is; worth something where both see the same processes. */
  void hostIs(long pid, long pidNamespace) {
    if (!Natives.LINUX || pid <= 0 || pidNamespace == 0 || pidNamespace != ownPidNamespace()) {
      return;
    }
    int number = Natives.Linux.pidfdOpen(pid);
    synchronized (this) {
      if (number >= 0) {
        host = Fd.own(number);
      } else {
        int errno = Errno.last();
        hostGone = Errno.ESRCH.is(errno);
        LOG.debug("cannot watch the host's process {}: {}", pid, Errno.describe(errno));
      }
    }
    wakeup.set();
  }

  private static long ownPidNamespace() {
    try {
      return (Long) Files.getAttribute(Path.of("/proc/self/ns/pid"), "unix:ino");
    } catch (IOException e) {
      LOG.debug("cannot tell this process's pid namespace", e);
      return -1;
    }
  }

  /** The program has closed the link itself: the end of the input says nothing any more. */
  void inputIsClosed() {
    synchronized (this) {
      inputClosed = true;
    }
    wakeup.set();
  }

  private void run() {
    boolean over = false;
    while (!over) {
      over = waitOnce(true);
    }
    sleep(grace);
    if (ending.getCount() == 0) {
      letEnd();
    }
    // Nothing is logged and no hook is run: both could wait, for the host among others.
    Runtime.getRuntime().halt(0);
  }

  /** The program is ending by itself. A host that lives sees to it that it does. */
  private void letEnd() {
    boolean watched;
    synchronized (this) {
      watched = host != null && !hostGone;
    }
    if (!watched) {
      sleep(ENDING);
      return;
    }
    boolean over = false;
    while (!over) {
      over = waitOnce(false);
    }
    sleep(ENDING);
  }

  /** Whether the host has died, or its input has ended where that counts. */
  private boolean waitOnce(boolean inputCounts) {
    synchronized (this) {
      if (hostGone) {
        return true;
      }
      if (inputClosed) {
        input.close();
      }
      boolean watchesInput = inputCounts && !inputClosed;
      poll.set(INPUT, input.number(), watchesInput ? Poll.HANG_UP : 0);
      poll.set(HOST, host == null ? -1 : host.number(), Poll.READABLE);
      poll.set(WAKEUP, wakeup.number(), Poll.READABLE);
    }
    if (poll.run(Long.MAX_VALUE) <= 0) {
      return false;
    }
    if (poll.ready(WAKEUP) != 0) {
      wakeup.reset();
    }
    synchronized (this) {
      hostGone |= poll.ready(HOST) != 0;
      return hostGone || (poll.ready(INPUT) != 0 && !inputClosed);
    }
  }

  private static void sleep(Duration duration) {
    try {
      TimeUnit.NANOSECONDS.sleep(duration.toNanos());
    } catch (InterruptedException e) {
      // Nobody interrupts this thread but to be rid of it, and the process ends now anyway.
      LOG.debug("the watch over the host was interrupted", e);
    }
  }
}
