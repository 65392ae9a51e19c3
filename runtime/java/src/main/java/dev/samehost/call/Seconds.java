package dev.samehost.call;

import java.util.Locale;

/** Writes times as seconds, as the texts of faults have them. */
final class Seconds {
  private Seconds() {}

  /** Nanoseconds as seconds with nine decimals. */
  static String of(long nanos) {
    return String.format(Locale.ROOT, "%d.%09d", nanos / 1_000_000_000, nanos % 1_000_000_000);
  }
}
