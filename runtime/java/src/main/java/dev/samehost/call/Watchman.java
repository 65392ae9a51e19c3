package dev.samehost.call;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks every few milliseconds at the readers that run handlers, every millisecond while it finds
 * one in a handler, and has one relieved whose handler waits and has not returned since the last
 * look, or computes and has not for a few. It sleeps for good while there is no traffic, and runs
 * nothing of the user's.
 */
final class Watchman implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(Watchman.class);
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** Where no handler is found at work, it looks again after so long at last. */
  private static final long MOST_TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

  /** A reader that has run nothing for so many looks is dismissed. */
  private static final int QUIET_TICKS = 16;

  /**
   * So many looks may pass while a reader computes: one that others keep from the processor looks
   * the same, and soon goes on by itself.
   */
  private static final int BUSY_TICKS = 4;

  private static final Watchman ONLY = new Watchman();

  private final ConcurrentLinkedQueue<Turns> joining = new ConcurrentLinkedQueue<>();
  private final List<Watched> watched = new ArrayList<>(); // of its thread
  private final Thread thread = new Thread(this, "samehost-watchman");
  private long tick = TICK_NANOS; // of its thread

  /** A reader, and what the last look at it showed. */
  private static final class Watched {
    private final Turns turns;
    private long turn;
    private int quietTicks;
    private int busyTicks;

    private Watched(Turns turns) {
      this.turns = turns;
      this.turn = turns.now();
    }
  }

  private Watchman() {
    thread.setDaemon(true);
    thread.start();
  }

  /** Looks after a reader until it is quiet; it has claimed to be watched. */
  static void watch(Turns turns) {
    ONLY.joining.add(turns);
    LockSupport.unpark(ONLY.thread);
  }

  @Override
  public void run() {
    while (true) {
      for (Turns next = joining.poll(); next != null; next = joining.poll()) {
        watched.add(new Watched(next));
        tick = TICK_NANOS;
      }
      if (watched.isEmpty()) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, tick);
        tick = Math.min(2 * tick, MOST_TICK_NANOS);
        watched.removeIf(this::isDone);
      }
    }
  }

  /** Looks at a reader; whether it is dismissed. */
  private boolean isDone(Watched each) {
    long turn = each.turns.now();
    if (Turns.isInside(turn)) {
      tick = TICK_NANOS;
    }
    if (turn != each.turn) {
      each.turn = turn;
      each.quietTicks = 0;
      each.busyTicks = 0;
    } else if (Turns.isInside(turn)) {
      if (each.turns.waits() || ++each.busyTicks >= BUSY_TICKS) {
        relieve(each.turns, turn);
      }
    } else if (++each.quietTicks == QUIET_TICKS) {
      each.turns.unwatch();
      // It may have begun a task just before it was no longer watched, and seen that it was.
      return each.turns.now() == turn || !each.turns.claimWatch();
    }
    return false;
  }

  private static void relieve(Turns turns, long turn) {
    try {
      turns.relieve(turn);
    } catch (RuntimeException | Error e) {
      log.error("no thread relieves a reader whose handler does not return; tried again soon", e);
    }
  }
}
