package dev.samehost.call;

import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait between attempts to connect. Knows no clock. A new one is made for each channel;
 * it is used under the channel's lock.
 */
public interface Backoff {
  /** The wait after one more failure, in nanoseconds. */
  long nextNanos();

  /** The last attempt succeeded. */
  void reset();

  /** Each wait 1.6 times the last one, from the first to the longest, give or take a fifth. */
  static Backoff exponential(long firstNanos, long longestNanos) {
    return new Backoff() {
      private double wait = (double) firstNanos;

      @Override
      public long nextNanos() {
        double now = wait;
        wait = Math.min(wait * 1.6, (double) longestNanos);
        return (long) (now * ThreadLocalRandom.current().nextDouble(0.8, 1.2));
      }

      @Override
      public void reset() {
        wait = (double) firstNanos;
      }
    };
  }
}
