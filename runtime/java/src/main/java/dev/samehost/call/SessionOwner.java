package dev.samehost.call;

import dev.samehost.transport.LinkException;

/** Whoever owns a session. Told outside the lock; must not wait. */
interface SessionOwner {
  /** HELLO has arrived: calls may be opened. */
  void ready(Session session);

  /** How calls of the peer's are served. */
  Serving serving();

  /** Who reads on where the link was idle, or the reader is held up. */
  BackgroundReader.Crew crew();

  /** Serves a call that the peer opened: the first of its callbacks, on the executor. */
  default void serve(ServerStream stream) {
    serving().serve(stream);
  }

  /** Whether no new call is wanted, in either direction. From any thread. */
  boolean isShutdown();

  /** No more calls can be opened, though those that are open go on. */
  void draining(Session session);

  /** Over, its link closed. The fault is null when nothing was lost. */
  void closed(Session session, LinkException fault);
}
