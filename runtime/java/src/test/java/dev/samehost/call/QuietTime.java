package dev.samehost.call;

/** How long nothing comes before the thread of a link leaves it, of all links from now on. */
public final class QuietTime implements AutoCloseable {
  private final long usual = Presence.quietNanos;

  private QuietTime() {}

  /** So long, until this is closed. */
  public static QuietTime of(long nanos) {
    QuietTime time = new QuietTime();
    time.set(nanos);
    return time;
  }

  /** So long from now on. */
  public void set(long nanos) {
    Presence.quietNanos = nanos;
  }

  @Override
  public void close() {
    Presence.quietNanos = usual;
  }
}
