package dev.samehost.call;

/** What is left to do once a lock is released: a task, which is given back by whoever acted. */
final class Afterwards {
  private Afterwards() {}

  /** Nothing is left. */
  static void nothing() {}

  /** First the one, then the other. */
  static Runnable both(Runnable first, Runnable second) {
    return () -> {
      first.run();
      second.run();
    };
  }
}
