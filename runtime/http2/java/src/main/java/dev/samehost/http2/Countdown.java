package dev.samehost.http2;

import java.util.concurrent.atomic.AtomicInteger;

/** Does something once so many things have happened, whoever sees the last one. */
final class Countdown {
  private final AtomicInteger left;
  private final Runnable then;

  Countdown(int things, Runnable then) {
    this.left = new AtomicInteger(things);
    this.then = then;
  }

  /** One of them has happened. */
  void one() {
    if (left.decrementAndGet() == 0) {
      then.run();
    }
  }
}
