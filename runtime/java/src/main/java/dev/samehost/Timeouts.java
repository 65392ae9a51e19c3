package dev.samehost;

/** Writes times as gRPC's metadata {@code grpc-timeout} does: at most 8 digits and a unit. */
final class Timeouts {
  private static final long LONGEST = 99_999_999;
  private static final String UNITS = "numSMH";
  private static final long[] NANOS = {
    1, 1_000, 1_000_000, 1_000_000_000L, 60_000_000_000L, 3_600_000_000_000L
  };

  private Timeouts() {}

  /** A time in the finest unit in which it has at most 8 digits. */
  static String text(long nanos) {
    int unit = 0;
    while (nanos / NANOS[unit] > LONGEST) {
      unit++;
    }
    return Long.toString(nanos / NANOS[unit]) + UNITS.charAt(unit);
  }
}
