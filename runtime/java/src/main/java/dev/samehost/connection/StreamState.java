package dev.samehost.connection;

/**
 * The states of a stream, the same at both ends.
 *
 * <pre>
 *                       OPEN                     bare half-close, or END on a message
 *        (none) --------------------> OPEN ---------------------------------------> HALF_CLOSED
 *           |                          |                                                 |
 *           | OPEN with END            | STATUS, RESET, end of the link                  | the same
 *           v                          v                                                 v
 *      HALF_CLOSED                   CLOSED                                            CLOSED
 * </pre>
 */
enum StreamState {
  /** Both sides may send messages. */
  OPEN,
  /** The opener sends no further message. */
  HALF_CLOSED,
  /** Over on the wire. What its opener has received before may still wait to be delivered. */
  CLOSED;

  /** The next state, when it is one that may come next. */
  StreamState to(StreamState next) {
    if (next.compareTo(this) <= 0) {
      throw new IllegalStateException("a stream does not go from " + this + " to " + next);
    }
    return next;
  }
}
