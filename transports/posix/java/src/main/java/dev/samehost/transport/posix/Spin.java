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
 * earns credit, each miss costs some. Without credit it sleeps at once, and tries again after a
 * number of sleeps that were short; that number doubles with every try that failed. So an idle
 * connection sleeps, and so does one whose peer is slow, or runs on the very processor on which it
 * would be waited for.
 *
 * <p>With one processor it gives way to whoever else is ready to run, and looks then: a peer that
 * has work to do does it meanwhile, and neither of the two is put to sleep and woken. What takes
 * longer than the limit is a miss even if something is there by then, as somebody else had the
 * processor: a thread that sleeps gets it back sooner.
 *
 * <p>The limit is 50 microseconds, unless the connection's owner or the environment's {@code
 * SAMEHOST_SPIN_MICROS} says otherwise. The first looks are free, where they are cheap: for an
 * answer that is about to come, the clock and the count of spinners would cost more than the wait.
 *
 * <p>Used by one thread at a time:
 *
 * <pre>
 *   if (spin.begin(timeout)) {
 *     do { look } while (nothing is there &amp;&amp; spin.goesOn());
 *     spin.end(whether something is there);
 *   }
 *   long begin = spin.beginsSleep();
 *   sleep
 *   spin.slept(begin, whether something is there);
 * </pre>
 */
public final class Spin {
  /** About what waking an idle processor costs twice. */
  private static final long DEFAULT_LIMIT_MICROS = 50;

  private static final long MOST_LIMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** How often the clock is passed over between two looks at it. */
  private static final int LOOKS_A_CLOCK = 16;

  /** So many misses a connection can afford, and so many a new one or one that tries again. */
  private static final int MOST_CREDIT = 8;

  static final int FIRST_CREDIT = 2;

  /** So many short sleeps are awaited before spinning is tried again, at first and at most. */
  static final int FIRST_PATIENCE = 8;

  private static final int MOST_PATIENCE = 4096;

  /**
   * How often a thread gives way before it sleeps. The first time is enough where the peer is what
   * runs next.
   */
  static final int MOST_YIELDS = 2;

  private static final long USUAL_LIMIT_NANOS = limitNanos(System.getenv("SAMEHOST_SPIN_MICROS"));
  static final int MOST_SPINNERS = Runtime.getRuntime().availableProcessors() - 1;

  /** How many threads of this process spin. */
  private static final AtomicInteger SPINNERS = new AtomicInteger();

  private final int freeLooks;
  private final boolean givesWay;
  private volatile long limitNanos = USUAL_LIMIT_NANOS;
  private int credit = FIRST_CREDIT;

  // How many short sleeps are still awaited where there is no credit, and how many the next time.
  private int awaited;
  private int patience = FIRST_PATIENCE;

  // Of one spin.
  private int looks;
  private boolean counted;
  private long began;
  private long most; // how long it may take
  private boolean isWhole; // it may take as long as the limit

  /**
   * Of a new connection, which gets a little credit.
   *
   * @param freeLooks how many looks, at least 1, come before the clock is read and the spinner is
   *     counted: together about a microsecond
   */
  public Spin(int freeLooks) {
    this(freeLooks, MOST_SPINNERS == 0);
  }

  /** As with one processor where it {@code givesWay}. */
  Spin(int freeLooks, boolean givesWay) {
    this.freeLooks = freeLooks;
    this.givesWay = givesWay;
  }

  static long limitNanos(String told) {
    long micros = DEFAULT_LIMIT_MICROS;
    if (told != null && told.strip().matches("[0-9]{1,9}")) {
      micros = Long.parseLong(told.strip());
    }
    return Math.min(TimeUnit.MICROSECONDS.toNanos(micros), MOST_LIMIT_NANOS);
  }

  /**
   * How long a spin lasts at most, up to a millisecond; 0 is never, less than 0 for the usual. From
   * any thread.
   */
  public void limit(long nanos) {
    limitNanos = nanos < 0 ? USUAL_LIMIT_NANOS : Math.min(nanos, MOST_LIMIT_NANOS);
  }

  /** Whether to spin, for {@code timeoutNanos} at most; {@link #end} is called then. */
  public boolean begin(long timeoutNanos) {
    long limit = limitNanos;
    if (credit == 0 || limit == 0) {
      return false;
    }
    most = Math.min(timeoutNanos, limit);
    isWhole = most == limit;
    looks = 0;
    counted = false;
    if (givesWay) {
      began = System.nanoTime();
      giveWay();
    }
    return true;
  }

  /** Whether to look once more. */
  public boolean goesOn() {
    looks++;
    if (givesWay) {
      return givesWayAgain();
    }
    Thread.onSpinWait();
    if (looks <= freeLooks) {
      return looks < freeLooks || isCounted();
    }
    return looks % LOOKS_A_CLOCK != 0 || System.nanoTime() - began < most;
  }

  private boolean givesWayAgain() {
    if (looks == MOST_YIELDS) {
      return false;
    }
    giveWay();
    return true;
  }

  /** Lets others have the only processor, among them perhaps whoever is waited for. */
  @SuppressWarnings("ThreadPriorityCheck") // nothing is wrong where nobody takes it: it sleeps then
  private static void giveWay() {
    Thread.yield();
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
    if (hit && !(givesWay && System.nanoTime() - began >= limitNanos)) {
      hit();
    } else if (givesWay || (counted && isWhole)) {
      missed();
    }
  }

  private void hit() {
    if (credit < MOST_CREDIT) {
      credit++;
    } else {
      patience = FIRST_PATIENCE;
    }
  }

  private void missed() {
    credit = Math.max(0, credit - 1);
    if (credit == 0) {
      awaited = patience;
      patience = Math.min(2 * patience, MOST_PATIENCE);
    }
  }

  /** The time before a sleep, for {@link #slept}; 0 where nobody wants to know it. */
  public long beginsSleep() {
    // Where there is credit a spin went before this, and was in vain.
    return credit > 0 || limitNanos == 0 ? 0 : System.nanoTime();
  }

  /**
   * After a sleep: a short one that was of use shows that a spin might have been enough.
   *
   * @param beginNanos what {@link #beginsSleep} answered
   * @param ofUse whether something was there at the end
   */
  public void slept(long beginNanos, boolean ofUse) {
    // Being woken takes its time too, which a spin would have saved.
    if (ofUse && beginNanos != 0 && System.nanoTime() - beginNanos < 2 * limitNanos) {
      awaited--;
      if (awaited <= 0) {
        credit = FIRST_CREDIT;
      }
    }
  }
}
