package dev.samehost.call;

import dev.samehost.connection.Pieces;

/** Is told of the request: one call at a time, in order, on the server's executor. */
public interface ServerStreamListener {
  /** A message that was requested. The bytes are the listener's. */
  void onMessage(Pieces message, boolean compressed);

  /** The client sends no further message. */
  void onHalfClose();

  /**
   * All that the client sends: a message, and no further one. Both as above, the second where the
   * call is not {@link ServerStream#isAborted} by then.
   */
  void onRequest(Pieces message, boolean compressed);

  /** The call takes messages (again) without queueing more than it should. */
  void onReady();

  /** The end: the status that was given has been written. Nothing follows. */
  void onComplete();

  /** The end, before the status was written. Nothing follows. */
  void onCancel();

  /**
   * The call is cancelled: told at once, concurrently to all the others, where they are called; or
   * by {@link ServerStream#serve} when it was cancelled before.
   */
  void onCancelling(Outcome why);

  /** Takes note of nothing: of a call that is answered without a handler. */
  ServerStreamListener NOBODY =
      new ServerStreamListener() {
        @Override
        public void onMessage(Pieces message, boolean compressed) {}

        @Override
        public void onHalfClose() {}

        @Override
        public void onRequest(Pieces message, boolean compressed) {}

        @Override
        public void onReady() {}

        @Override
        public void onComplete() {}

        @Override
        public void onCancel() {}

        @Override
        public void onCancelling(Outcome why) {}
      };
}
