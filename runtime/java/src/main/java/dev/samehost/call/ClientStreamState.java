package dev.samehost.call;

/**
 * Where a call of this side's stands.
 *
 * <pre>
 *        start           all is there that the first frame carries          the peer takes it
 *   NEW -------> HELD ------------------------------------------> LOOKING ---------------> OPEN
 *    |            |                                                |   ^                   |  |
 *    |            |                                                |   +- unseen, again ---+  |
 *    +------------+---------------------> OVER <-------------------+--------------------------+
 * </pre>
 */
enum ClientStreamState {
  NEW,
  HELD,
  LOOKING,
  OPEN,
  OVER;

  /** The next state, which is checked. */
  ClientStreamState to(ClientStreamState next) {
    boolean may =
        switch (next) {
          case NEW -> false;
          case HELD -> this == NEW;
          case LOOKING -> this == HELD || this == OPEN;
          case OPEN -> this == LOOKING;
          case OVER -> this != OVER;
        };
    if (!may) {
      throw new IllegalStateException("a call does not go from " + this + " to " + next);
    }
    return next;
  }
}
