package dev.samehost.call;

/**
 * Where a call of this side's stands. It may be over in each of them, and stands still then.
 *
 * <pre>
 *        start           all is there that the first frame carries          the peer takes it
 *   NEW -------> HELD ------------------------------------------> LOOKING ---------------> OPEN
 *                                                                      ^                   |
 *                                                                      +- unseen, again ---+
 * </pre>
 */
enum ClientStreamState {
  NEW("the request"),
  HELD("the request"),
  LOOKING("a connection"),
  OPEN("the answer");

  private final String awaited;

  ClientStreamState(String awaited) {
    this.awaited = awaited;
  }

  /** What a call does that stands here, as the texts of faults have it. */
  String waiting() {
    return "waiting for " + awaited;
  }

  /** Whether its first frame waits for nothing more of the caller. */
  boolean hasLeft() {
    return this == LOOKING || this == OPEN;
  }

  /** The next state, which is checked. */
  ClientStreamState to(ClientStreamState next) {
    boolean may =
        switch (next) {
          case NEW -> false;
          case HELD -> this == NEW;
          case LOOKING -> this == HELD || this == OPEN;
          case OPEN -> this == LOOKING;
        };
    if (!may) {
      throw new IllegalStateException("a call does not go from " + this + " to " + next);
    }
    return next;
  }
}
