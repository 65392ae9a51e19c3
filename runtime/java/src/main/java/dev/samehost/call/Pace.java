package dev.samehost.call;

/**
 * How fast the handlers of one method have been lately, or its listeners: it says whether the next
 * call may run on the thread that reads its connection. It reads no clock itself.
 *
 * <p>Threads tell it of calls without a lock: what gets lost between two of them is no loss.
 */
public final class Pace {
  /**
   * A handler that takes longer than about this costs more than another thread does. Not constant,
   * for a test whose handlers are not compiled yet.
   */
  static volatile long slowNanos = 20_000;

  /**
   * A call that is alone on its connection holds nobody up, and may take so many times that: where
   * calls are far apart most of it is memory that is no longer at hand, and to wake their callers.
   */
  private static final int ALONE = 10;

  /** To make a message of what has come takes less than a nanosecond for so many bytes. */
  private static final int BYTES_A_NANO = 2;

  /** One call counts as no more than this, so that a method is soon fast again. */
  private static final long MOST_NANOS = 1_000_000;

  /** One call in so many is measured, while they are fast. */
  private static final int SAMPLE = 8;

  private static final int FIRST_PATIENCE = 16;
  private static final int MOST_PATIENCE = 4_096;

  private volatile long averageNanos;

  /** How many calls run elsewhere after the next surprise. */
  private int patience = FIRST_PATIENCE;

  /** How many calls were measured since the last surprise, or since there is less patience. */
  private int measured;

  /** How many calls are still to run elsewhere after the last one. */
  private volatile int elsewhere;

  private int calls;

  /** Of a method that nobody has called yet. */
  public Pace() {}

  /**
   * Whether the next call, which now begins, had better not hold up a reader.
   *
   * @param alone whether it is alone on its connection
   */
  boolean nextIsSlow(boolean alone) {
    int left = elsewhere;
    if (left > 0) {
      elsewhere = left - 1;
      return true;
    }
    return isOver(alone);
  }

  /** Whether a call that has begun, or is about to, had better not hold up a reader any more. */
  boolean isSlow(boolean alone) {
    return elsewhere > 0 || isOver(alone);
  }

  private boolean isOver(boolean alone) {
    return averageNanos > (alone ? ALONE * slowNanos : slowNanos);
  }

  /** Whether this call is to be measured. */
  boolean measuresThis() {
    return calls++ % SAMPLE == 0 || averageNanos > slowNanos / 2;
  }

  /** A call has taken so long. */
  void took(long nanos) {
    long last = averageNanos;
    averageNanos = last + (Math.min(nanos, MOST_NANOS) - last) / 8;
    if (elsewhere == 0 && ++measured >= patience) {
      measured = 0;
      patience = Math.max(FIRST_PATIENCE, patience / 2);
    }
  }

  /**
   * The same, of which it took a part to make messages of so many bytes: another thread would be no
   * faster at that, and would have to be woken.
   */
  void took(long nanos, long messageBytes) {
    took(Math.max(0, nanos - messageBytes / BYTES_A_NANO));
  }

  /**
   * A call has blocked the reader, who had to be relieved. It is tried again ever more seldom,
   * until none has done so for long.
   */
  void surprised() {
    elsewhere = patience;
    measured = 0;
    patience = Math.min(2 * patience, MOST_PATIENCE);
  }
}
