package dev.samehost.call;

import dev.samehost.transport.Peer;

/** Is told of the connections of a {@link Dialer} or of a {@link Reception}. Must not wait. */
public interface ConnectionObserver {
  /**
   * A connection has been made, and carries no call yet.
   *
   * @param medium what carries its bytes, as {@link dev.samehost.transport.Link#medium} says it
   * @param back over which calls go to whoever is at the other end
   * @return what its calls give as {@code connection()}; never null
   */
  Object connected(Peer peer, String medium, Route back);

  /** The connection has ended. */
  void disconnected(Object connection);
}
