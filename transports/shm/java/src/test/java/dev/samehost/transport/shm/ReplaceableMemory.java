package dev.samehost.transport.shm;

import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.reception.Offer;
import dev.samehost.transport.reception.Upgrade;

/** What the listeners of these tests find: the real thing, or what a test puts in its place. */
public final class ReplaceableMemory implements Upgrade {
  private static final Upgrade REAL = new SharedMemory();

  private static volatile Upgrade current = REAL;

  /** Until {@link #restore}, connections are given memory by another one. */
  static void replace(Upgrade other) {
    current = other;
  }

  static void restore() {
    current = REAL;
  }

  @Override
  public Prepared prepare(Offer offer, TransportOptions options) throws SystemCallException {
    return current.prepare(offer, options);
  }
}
