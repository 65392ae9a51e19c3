package dev.samehost.connection;

/**
 * The states of a connection.
 *
 * <pre>
 *              link up
 *                 |
 *                 v
 *          AWAIT_PREFACE --- 8 bytes match ---> AWAIT_HELLO --- HELLO, versions meet ---> OPEN
 *                 |                                  |                                     |
 *                 | mismatch, end, timeout           | malformed, no version, timeout      | GOAWAY
 *                 v                                  v                                     v
 *               CLOSED <--------------------------------------------------------------- DRAINING
 *                         last stream over, end of the link, or a connection error
 * </pre>
 */
enum ConnectionState {
  AWAIT_PREFACE,
  AWAIT_HELLO,
  OPEN,
  DRAINING,
  CLOSED;

  /** The next state, when it is one that may come next. */
  ConnectionState to(ConnectionState next) {
    boolean may =
        switch (next) {
          case AWAIT_PREFACE -> false;
          case AWAIT_HELLO -> this == AWAIT_PREFACE;
          case OPEN -> this == AWAIT_HELLO;
          case DRAINING -> this == OPEN;
          case CLOSED -> this != CLOSED;
        };
    if (!may) {
      throw new IllegalStateException("a connection does not go from " + this + " to " + next);
    }
    return next;
  }
}
