package dev.samehost.call;

/**
 * What a stream is told by its {@link Driver}, under the driver's lock: it only takes note. It
 * counts among those for which a driver has somebody read, from {@link #attend} to {@link #ended}.
 */
abstract class StreamEvents {
  private boolean attended;

  /** Nobody who waits for this stream reads by himself. */
  final void attend(Driver driver) {
    attended = true;
    driver.attend(1);
  }

  /** The stream is over: nobody has to read for it any more. */
  final void ended(Driver driver) {
    if (attended) {
      attended = false;
      driver.attend(-1);
    }
  }

  /** Whether somebody has to read for it. */
  final boolean isAttended() {
    return attended;
  }

  void headers(Driver driver, Event.Headers headers) {
    throw new IllegalStateException("no headers are expected");
  }

  abstract void message(Driver driver, Event.Message message);

  void halfClosed(Driver driver) {
    throw new IllegalStateException("no half-close is expected");
  }

  void status(Driver driver, Event.Status status) {
    throw new IllegalStateException("no status is expected");
  }

  void answer(Driver driver, Event.Answer answer) {
    throw new IllegalStateException("no answer is expected");
  }

  void finished(Driver driver) {
    throw new IllegalStateException("no status was sent");
  }

  abstract void ready(Driver driver);

  abstract void reset(Driver driver, Event.Reset reset);
}
