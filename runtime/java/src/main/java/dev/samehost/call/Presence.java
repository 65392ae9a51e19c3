package dev.samehost.call;

import dev.samehost.transport.Link;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the reader of a link has a thread. A link over which nothing comes for a while needs
 * none: the transport watches it, where it can, and the reader's role is free meanwhile. It reads
 * nothing itself.
 *
 * <pre>
 *             nothing came, and nobody needs a reader: the thread ends
 *      HERE ------------------------------------------------------------> AWAY
 *       ^                                                                   |
 *       +--- bytes, the end, a caller who has read, work: a new thread -----+
 * </pre>
 *
 * <p>Nobody is missed on the way: the thread is AWAY before it has the link watched and looks for
 * work; who has work gives notice of it before looking whether the thread is AWAY. Whoever changes
 * AWAY to HERE, and nobody else, sees to a thread.
 */
final class Presence {
  private static final Logger log = LoggerFactory.getLogger(Presence.class);

  /**
   * For so long nothing comes before the thread of a link leaves it, or for up to twice as long.
   * Not constant, for a test whose threads come and go all the time.
   */
  static volatile long quietNanos = TimeUnit.MILLISECONDS.toNanos(500);

  /** It waits for about six days then. */
  private static final int MOST_STAYS = 20;

  private enum State {
    HERE,
    AWAY
  }

  private final Link link;
  private final ThreadFactory threads;
  private final AtomicReference<State> state = new AtomicReference<>(State.HERE);

  // Of the reader's thread, and handed on with the reader.
  private int stays; // how often it could not leave since something came
  private boolean wasQuiet;
  private long quietSince;
  private long arrivals;

  /** A reader that is here; {@code threads} makes those that come back. */
  Presence(Link link, ThreadFactory threads) {
    this.link = link;
    this.threads = threads;
  }

  boolean isAway() {
    return state.get() == State.AWAY;
  }

  /**
   * By the reader: how long it waits at most before it asks {@link #isQuiet}.
   *
   * @param arrivalsNow how often something has come so far, for whoever has read it
   */
  long patience(long arrivalsNow) {
    hasCome(arrivalsNow);
    return quietNanos << stays;
  }

  /** By the reader, which has waited: whether nothing has come for so long that it may leave. */
  boolean isQuiet(long arrivalsNow) {
    if (hasCome(arrivalsNow)) {
      return false;
    }
    long now = System.nanoTime(); // not looked at where there is traffic
    if (!wasQuiet) {
      wasQuiet = true;
      quietSince = now;
    }
    return now - quietSince >= quietNanos << stays;
  }

  /** Whether something has come since this was asked last. */
  private boolean hasCome(long arrivalsNow) {
    if (arrivalsNow == arrivals) {
      return false;
    }
    arrivals = arrivalsNow;
    wasQuiet = false;
    stays = 0;
    return true;
  }

  /**
   * By the reader, which holds no role: from now on another thread may read on at any time. The
   * reader looks for work only then, and comes back where there is some.
   *
   * @param callBack what is to be done when there is something to read
   * @return false when the link cannot be watched: then it must come back
   */
  boolean leave(Runnable callBack) {
    wasQuiet = false;
    state.set(State.AWAY);
    return link.watch(callBack);
  }

  /** Comes back; false when it was here, or another one was sooner. From any thread. */
  boolean comeBack() {
    return isAway() && state.compareAndSet(State.AWAY, State.HERE);
  }

  /**
   * By the reader, which has come back at once: it waits twice as long before it tries again. So a
   * call that is open for hours, or a link that cannot be watched, wakes it but a few times.
   */
  void stay() {
    stays = Math.min(stays + 1, MOST_STAYS);
  }

  /** By whoever has come back: a new thread reads on, or is tried to be made again soon. */
  void begin(Runnable reading, Runnable callBack) {
    try {
      threads.newThread(reading).start();
    } catch (RuntimeException | Error e) {
      log.error("no thread reads a connection that was idle; tried again soon", e);
      state.set(State.AWAY);
      Timers.soon(callBack);
    }
  }
}
