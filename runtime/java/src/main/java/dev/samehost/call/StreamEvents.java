package dev.samehost.call;

/** What a stream is told by its {@link Driver}, under the driver's lock: it only takes note. */
interface StreamEvents {
  default void headers(Driver driver, Event.Headers headers) {
    throw new IllegalStateException("no headers are expected");
  }

  void message(Driver driver, Event.Message message);

  default void halfClosed(Driver driver) {
    throw new IllegalStateException("no half-close is expected");
  }

  default void status(Driver driver, Event.Status status) {
    throw new IllegalStateException("no status is expected");
  }

  default void finished(Driver driver) {
    throw new IllegalStateException("no status was sent");
  }

  void ready(Driver driver);

  void reset(Driver driver, Event.Reset reset);
}
