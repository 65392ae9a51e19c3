package dev.samehost.connection;

import java.math.BigDecimal;
import java.util.Locale;

/** Writes times as seconds, as the texts of faults have them. */
public final class Seconds {
  private Seconds() {}

  /** Nanoseconds as seconds with nine decimals. */
  public static String of(long nanos) {
    return String.format(Locale.ROOT, "%d.%09d", nanos / 1_000_000_000, nanos % 1_000_000_000);
  }

  /** Nanoseconds as seconds with no more decimals than they have: 5, 1.5. */
  static String plain(long nanos) {
    return BigDecimal.valueOf(nanos, 9).stripTrailingZeros().toPlainString();
  }
}
