package dev.samehost.call;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state of a {@link Dialer} and who wants to hear of its changes. Used under the dialer's lock,
 * except where said.
 *
 * <pre>
 *             a call comes                   HELLO arrives
 *      IDLE --------------> CONNECTING ----------------------> READY
 *       ^  ^                  |    ^                             |
 *       |  |          failure |    | a call waits                | the link ends, or GOAWAY
 *       |  |                  v    | when the wait is over       |
 *       |  +---- no call -- TRANSIENT_FAILURE <--- if at once ---+
 *       +---------------------------------------- otherwise -----+
 *
 *      SHUTDOWN from any of them, for good.
 * </pre>
 */
public final class Connectivity {
  /** The states, named as gRPC's. */
  public enum State {
    /** No connection, and no call that needs one. */
    IDLE,
    /** A connection is being made. */
    CONNECTING,
    /** There is a connection that takes calls. */
    READY,
    /** The last attempt failed; calls that do not wait fail until the next one. */
    TRANSIENT_FAILURE,
    /** No new calls. Those that were started go on. */
    SHUTDOWN;

    private boolean mayBecome(State next) {
      return switch (this) {
        case IDLE -> next == CONNECTING || next == TRANSIENT_FAILURE || next == SHUTDOWN;
        case CONNECTING -> next != CONNECTING;
        case READY -> next == IDLE || next == SHUTDOWN;
        case TRANSIENT_FAILURE -> next == CONNECTING || next == IDLE || next == SHUTDOWN;
        case SHUTDOWN -> false;
      };
    }
  }

  private static final Logger log = LoggerFactory.getLogger(Connectivity.class);

  private final Executor executor;
  private final List<Runnable> observers = new ArrayList<>();
  private volatile State state = State.IDLE;

  Connectivity(Executor executor) {
    this.executor = executor;
  }

  /** The state now; from any thread. */
  State state() {
    return state;
  }

  /**
   * Changes the state; after a shutdown nothing does.
   *
   * @return what tells the observers, to be run without locks
   */
  Runnable to(State next) {
    if (state == State.SHUTDOWN || state == next) {
      return () -> {};
    }
    if (!state.mayBecome(next)) {
      throw new IllegalStateException("a channel does not go from " + state + " to " + next);
    }
    state = next;
    List<Runnable> told = List.copyOf(observers);
    observers.clear();
    return () -> told.forEach(this::tell);
  }

  /**
   * Tells an observer once, when the state is not {@code seen} any more.
   *
   * @return what tells it at once if that is so already, to be run without locks
   */
  Runnable observe(State seen, Runnable observer) {
    if (state != seen) {
      return () -> tell(observer);
    }
    observers.add(observer);
    return () -> {};
  }

  /** Observers run elsewhere, so that whoever brings the change is not held up. */
  private void tell(Runnable observer) {
    if (!Callbacks.hand(observer, executor, Workers.pool())) {
      log.warn("the executor of a channel takes no observers of its state");
    }
  }
}
