package dev.samehost.transport.posix;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the threads inside something that can be closed, and tells the one after whom nobody is
 * inside nor can enter. It frees nothing itself.
 *
 * <pre>
 *   OPEN, n inside --- close ---> CLOSING, n inside --- the last one leaves ---> CLOSED
 * </pre>
 */
public final class Gate {
  private static final int CLOSED = 1 << 30;

  /** How many are inside, and whether no more may enter. */
  private final AtomicInteger state = new AtomicInteger();

  /** An open gate with nobody inside. */
  public Gate() {}

  /** Goes inside, unless the gate is closed. */
  public boolean enter() {
    while (true) {
      int seen = state.get();
      if (seen >= CLOSED) {
        return false;
      }
      if (state.compareAndSet(seen, seen + 1)) {
        return true;
      }
    }
  }

  /** Leaves. True for the one caller who is the last of a closed gate. */
  public boolean leave() {
    return state.decrementAndGet() == CLOSED;
  }

  /** Lets nobody in any more. The caller is inside. */
  public void close() {
    state.updateAndGet(seen -> seen | CLOSED);
  }

  /** Whether nobody may enter any more. */
  public boolean isClosed() {
    return state.get() >= CLOSED;
  }
}
