package dev.samehost.transport.posix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Knows who is inside something that can be closed. The thread that reads and the thread that
 * writes have a {@link Seat} each, which costs one fence to take and none to leave; whoever else
 * comes is counted. Whoever closes waits until all have left, and alone frees what is inside: it
 * must have woken them before.
 */
public final class Gate {
  private static final int CLOSED = 1 << 30;
  private static final int LOOKS_AWAKE = 64;
  private static final long NAP_NANOS = 20_000;

  /** How many are inside besides the seats, and whether no more may enter. */
  private final AtomicInteger guests = new AtomicInteger();

  private final Seat reader = new Seat(this);
  private final Seat writer = new Seat(this);

  /** An open gate with nobody inside. */
  public Gate() {}

  /** A place inside for one thread at a time. */
  public static final class Seat {
    private static final VarHandle TAKEN;

    static {
      try {
        TAKEN = MethodHandles.lookup().findVarHandle(Seat.class, "taken", boolean.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private final Gate gate;
    private volatile boolean taken;

    private Seat(Gate gate) {
      this.gate = gate;
    }

    /** Goes inside, unless the gate is closed. */
    public boolean take() {
      // Either whoever closes sees that it is taken, or it is seen here that the gate is closed.
      taken = true;
      if (!gate.isClosed()) {
        return true;
      }
      leave();
      return false;
    }

    /** Leaves. Whoever closes waits for this, and so need not be seen here. */
    public void leave() {
      TAKEN.setRelease(this, false);
    }
  }

  /** The seat of the one thread that reads and awaits. */
  public Seat reader() {
    return reader;
  }

  /** The seat of the one thread that writes. */
  public Seat writer() {
    return writer;
  }

  /** Goes inside without a seat, unless the gate is closed. */
  public boolean enter() {
    while (true) {
      int seen = guests.get();
      if (seen >= CLOSED) {
        return false;
      }
      if (guests.compareAndSet(seen, seen + 1)) {
        return true;
      }
    }
  }

  /** Leaves, having entered without a seat. */
  public void leave() {
    guests.decrementAndGet();
  }

  /**
   * Lets nobody in any more. True for the one caller who closed it, and who frees what is inside.
   */
  public boolean close() {
    return guests.getAndUpdate(seen -> seen | CLOSED) < CLOSED;
  }

  /** By who closed it: waits until nobody is inside. */
  public void awaitEmpty() {
    for (int looks = 0; reader.taken || writer.taken || guests.get() != CLOSED; looks++) {
      if (looks < LOOKS_AWAKE) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(this, NAP_NANOS);
      }
    }
  }

  /** Whether nobody may enter any more. */
  public boolean isClosed() {
    return guests.get() >= CLOSED;
  }
}
