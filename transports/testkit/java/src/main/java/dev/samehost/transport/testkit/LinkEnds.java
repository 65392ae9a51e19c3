package dev.samehost.transport.testkit;

import dev.samehost.transport.Link;

/** Both ends of a link, held by one test. Closing this closes both. */
public record LinkEnds(Link near, Link far) implements AutoCloseable {
  /** The same link, seen from its other end. */
  public LinkEnds swapped() {
    return new LinkEnds(far, near);
  }

  @Override
  public void close() {
    near.close();
    far.close();
  }
}
