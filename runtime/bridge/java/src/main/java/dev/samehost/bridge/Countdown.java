package dev.samehost.bridge;

import java.util.concurrent.atomic.AtomicInteger;

/** Does something once so many things have happened, whoever sees the last one. */
public final class Countdown {
  private final AtomicInteger left;
  private final Runnable then;

  /** Does it after so many. */
  public Countdown(int things, Runnable then) {
    this.left = new AtomicInteger(things);
    this.then = then;
  }

  /** One of them has happened. */
  public void one() {
    if (left.decrementAndGet() == 0) {
      then.run();
    }
  }
}
