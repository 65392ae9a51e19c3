package dev.samehost.call;

import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does what must not keep its caller from going on, though it fails: that is logged. */
final class Guard {
  private static final Logger log = LoggerFactory.getLogger(Guard.class);

  private Guard() {}

  /** Runs an action; {@code what} names it in the log. */
  static void run(String what, Runnable action) {
    try {
      action.run();
    } catch (RuntimeException | Error e) {
      log.error("{} failed", what, e);
    }
  }

  /** What an action gives, or {@code otherwise} where it fails. */
  static <T> T get(String what, Supplier<T> action, T otherwise) {
    try {
      return action.get();
    } catch (RuntimeException | Error e) {
      log.error("{} failed", what, e);
      return otherwise;
    }
  }
}
