package dev.samehost.call;

import dev.samehost.transport.LinkException;

/** A call's way to a connection that carries it. Nothing here waits; from any thread. */
public abstract sealed class Route permits Dialer, CallerRoute {
  Route() {}

  /** The address, for texts. */
  public abstract String address();

  /** Why the last try to connect has failed; null where it did not. */
  abstract LinkException lastFailure();

  /** Whether no call is to be begun any more. */
  abstract boolean isClosed();

  /** What a call is told that begins when this {@link #isClosed}. */
  abstract LinkException whyClosed();

  /** A call begins. Answers where it stands, for {@link #exit}. Is it closed then, it must. */
  abstract int enter(ClientStream call);

  /** A call is over. */
  abstract void exit(ClientStream call, int place);

  /** The connection that takes calls, or null where one has to be found. */
  abstract Session ready();

  /** A call needs a connection: gets one, now or later, or fails. Holds no locks. */
  abstract void find(ClientStream call);
}
