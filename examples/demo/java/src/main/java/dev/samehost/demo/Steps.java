package dev.samehost.demo;

import java.util.Locale;
import java.util.function.Supplier;

/** Prints what was called, what came back, and how long it took. */
final class Steps {
  /** Makes one call, and fails unless its answer is the one that is right. */
  void step(String what, String right, Supplier<String> call) {
    long begin = System.nanoTime();
    String answer = call.get();
    double millis = (System.nanoTime() - begin) / 1e6;
    System.out.println(String.format(Locale.ROOT, "  %-34s %-48s %8.2f ms", what, answer, millis));
    if (!answer.equals(right)) {
      throw new IllegalStateException(what + ": the answer should be " + right);
    }
  }
}
