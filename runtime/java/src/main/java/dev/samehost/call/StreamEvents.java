package dev.samehost.call;

import dev.samehost.connection.Event;

/**
 * What a stream is told by its {@link Session}, under the session's lock: it only takes note. It
 * counts among those for which a session has somebody read, from {@link #attend} to {@link #ended}.
 */
abstract class StreamEvents {
  private boolean attended;

  /** Nobody who waits for this stream reads by himself. */
  final void attend(Session session) {
    attended = true;
    session.attend(1);
  }

  /** The stream is over: nobody has to read for it any more. */
  final void ended(Session session) {
    if (attended) {
      attended = false;
      session.attend(-1);
    }
  }

  /** Whether somebody has to read for it. */
  final boolean isAttended() {
    return attended;
  }

  void headers(Session session, Event.Headers headers) {
    throw new IllegalStateException("no headers are expected");
  }

  abstract void message(Session session, Event.Message message);

  void halfClosed(Session session) {
    throw new IllegalStateException("no half-close is expected");
  }

  void status(Session session, Event.Status status) {
    throw new IllegalStateException("no status is expected");
  }

  void answer(Session session, Event.Answer answer) {
    throw new IllegalStateException("no answer is expected");
  }

  void finished(Session session) {
    throw new IllegalStateException("no status was sent");
  }

  abstract void ready(Session session);

  abstract void reset(Session session, Event.Reset reset);
}
