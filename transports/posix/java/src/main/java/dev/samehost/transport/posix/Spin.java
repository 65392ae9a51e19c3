package dev.samehost.transport.posix;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Decides, for one connection, whether its waits begin with looking again and again instead of
 * sleeping at once: waking an idle processor costs more than everything else that a short call
 * does. It touches no descriptor itself.
 *
 * <p>It spins only with two processors or more, while fewer than all but one of them have a spinner
 * of this process, for the limit at most, and only as long as that was of use lately: each hit
 * earns credit, also a sleep that turned out to be short; each miss costs some. So an idle
 * connection, and one whose peer is slow or shares its only processor, sleeps at once. The limit is
 * 50 microseconds, unless the environment's {@code SAMEHOST_SPIN_MICROS} says otherwise. The first
 * looks are free, where they are cheap: for an answer that is about to come, the clock and the
 * count of spinners would cost more than the wait.
 *
 * <p>Used by one thread at a time:
 *
 * <pre>
 *   if (spin.begin(timeout)) {
 *     do { look } while (nothing is there &amp;&amp; spin.goesOn());
 *     spin.end(whether something is there);
 *   }
 * </pre>
 */
public final class Spin {
  /** About what waking an idle processor costs twice. */
  private static final long DEFAULT_LIMIT_MICROS = 50;

  private static final long MOST_LIMIT_MICROS = 1_000;

  /** How often the clock is passed over between two looks at it. */
  private static final int LOOKS_A_CLOCK = 16;

  private static final int MOST_CREDIT = 8;
  private static final int FIRST_CREDIT = 2;

  private static final long LIMIT_NANOS = limitNanos(System.getenv("SAMEHOST_SPIN_MICROS"));
  static final int MOST_SPINNERS =
      LIMIT_NANOS == 0 ? 0 : Runtime.getRuntime().availableProcessors() - 1;

  /** How many threads of this process spin. */
  private static final AtomicInteger SPINNERS = new AtomicInteger();

  private final int freeLooks;
  private int credit = FIRST_CREDIT;
  private int looks;
  private boolean counted;
  private long began;
  private long limit;

  /**
   * Of a new connection, which gets a little credit.
   *
   * @param freeLooks how many looks, at least 1, come before the clock is read and the spinner is
   *     counted: together about a microsecond
   */
  public Spin(int freeLooks) {
    this.freeLooks = freeLooks;
  }

  static long limitNanos(String told) {
    long micros = DEFAULT_LIMIT_MICROS;
    if (told != null && told.strip().matches("[0-9]{1,9}")) {
      micros = Math.min(Long.parseLong(told.strip()), MOST_LIMIT_MICROS);
    }
    return TimeUnit.MICROSECONDS.toNanos(micros);
  }

  /** Whether to spin, for {@code timeoutNanos} at most; {@link #end} is called then. */
  public boolean begin(long timeoutNanos) {
    if (MOST_SPINNERS == 0 || credit == 0) {
      return false;
    }
    limit = Math.min(timeoutNanos, LIMIT_NANOS);
    looks = 0;
    counted = false;
    return true;
  }

  /** Whether to look once more. */
  public boolean goesOn() {
    Thread.onSpinWait();
    looks++;
    if (looks <= freeLooks) {
      return looks < freeLooks || isCounted();
    }
    return looks % LOOKS_A_CLOCK != 0 || System.nanoTime() - began < limit;
  }

  /** From now on it is one of the spinners, if there may be one more. */
  private boolean isCounted() {
    if (SPINNERS.getAndIncrement() >= MOST_SPINNERS) {
      SPINNERS.getAndDecrement();
      return false;
    }
    counted = true;
    began = System.nanoTime();
    return true;
  }

  /** The spin is over; a hit is one that found something. */
  public void end(boolean hit) {
    if (counted) {
      SPINNERS.getAndDecrement();
    }
    if (hit) {
      earn();
    } else if (counted && limit == LIMIT_NANOS) {
      credit = Math.max(0, credit - 1);
    }
  }

  /**
   * After a sleep: a short one that was of use shows that a spin would have been enough.
   *
   * @param beginNanos when it began, by {@link System#nanoTime}
   * @param ofUse whether something was there at the end
   */
  public void slept(long beginNanos, boolean ofUse) {
    // Being woken takes its time too, which a spin would have saved.
    if (ofUse && System.nanoTime() - beginNanos < 2 * LIMIT_NANOS) {
      earn();
    }
  }

  private void earn() {
    credit = Math.min(MOST_CREDIT, credit + 1);
  }
}
