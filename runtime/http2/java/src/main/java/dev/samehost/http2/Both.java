package dev.samehost.http2;

/** Does something once, when two things have happened, in whichever order and how often soever. */
final class Both {
  private final Runnable then;
  private boolean hasFirst;
  private boolean hasSecond;
  private boolean isDone;

  Both(Runnable then) {
    this.then = then;
  }

  synchronized void first() {
    hasFirst = true;
    look();
  }

  synchronized void second() {
    hasSecond = true;
    look();
  }

  synchronized boolean hasSecond() {
    return hasSecond;
  }

  private void look() {
    if (hasFirst && hasSecond && !isDone) {
      isDone = true;
      then.run();
    }
  }
}
