package dev.samehost.transport.fifo;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.posix.SystemCallException;
import java.time.Duration;

/** Listens at one rendezvous, with a thread of its own. */
final class FifoListener implements Listener {
  /** How long closing waits for the thread, which an acceptor might keep. */
  private static final long CLOSE_MILLIS = 1_000;

  private final Place place;
  private final long helloTimeoutNanos;
  private Rendezvous rendezvous;
  private Reception reception;
  private boolean closed;

  FifoListener(Place place, Duration helloTimeout) {
    this.place = place;
    this.helloTimeoutNanos = helloTimeout.toNanos();
  }

  @Override
  public synchronized void start(Acceptor acceptor) throws LinkException {
    if (closed || reception != null) {
      throw new IllegalStateException("a listener is started once");
    }
    Rendezvous taken = Rendezvous.take(place);
    try {
      reception = new Reception(place, taken, helloTimeoutNanos, acceptor);
    } catch (SystemCallException e) {
      taken.unpublish();
      taken.close();
      throw e.fault(Fault.LISTEN_FAILED, place.address());
    }
    rendezvous = taken;
    reception.start();
  }

  @Override
  public String address() {
    return place.address().toString();
  }

  @Override
  public void close() {
    Reception closing;
    synchronized (this) {
      closed = true;
      closing = reception;
      if (rendezvous != null) {
        // The name first: who comes now shall find nobody. Once: it may be another one's later.
        rendezvous.unpublish();
        rendezvous = null;
      }
    }
    if (closing != null) {
      closing.halt();
      if (Thread.currentThread() != closing) {
        join(closing);
      }
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
