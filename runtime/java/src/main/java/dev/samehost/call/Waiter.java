package dev.samehost.call;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread that waits for an event of its own call and reads the link meanwhile if nobody else
 * does. It only keeps what others must know of that thread.
 *
 * <pre>
 *            becomes a follower             a holder offers the role
 *      AWAY --------------------> WAITING ---------------------------> OFFERED
 *       ^                            |                                    |
 *       +------ leaves --------------+                                    |
 *       +------ takes the role up ----------------------------------------+
 * </pre>
 */
final class Waiter {
  /** Where a waiter stands with the {@link ReaderRole}. */
  enum State {
    AWAY,
    WAITING,
    OFFERED
  }

  private final AtomicReference<State> state = new AtomicReference<>(State.AWAY);
  private volatile Thread thread;

  State state() {
    return state.get();
  }

  /** The calling thread is the one that waits from now on. */
  void enter() {
    thread = Thread.currentThread();
  }

  void unpark() {
    LockSupport.unpark(thread);
  }

  /** The next state, which must be one that may come next. Only the waiter's own thread says so. */
  void to(State next) {
    State last = state.get();
    boolean may = last == State.AWAY ? next == State.WAITING : next == State.AWAY;
    if (!may || !state.compareAndSet(last, next)) {
      throw new IllegalStateException("a waiter does not go from " + last + " to " + next);
    }
  }

  boolean tryTo(State from, State next) {
    return state.compareAndSet(from, next);
  }
}
