package dev.samehost.call;

/** How long a handler may take before it is too slow for a reader, of all from now on. */
public final class SlowTime implements AutoCloseable {
  private final long usual = Pace.slowNanos;

  private SlowTime() {}

  /** So long, until this is closed. */
  public static SlowTime of(long nanos) {
    SlowTime time = new SlowTime();
    Pace.slowNanos = nanos;
    return time;
  }

  @Override
  public void close() {
    Pace.slowNanos = usual;
  }
}
