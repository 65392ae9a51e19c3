package dev.samehost.transport.tls;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLException;

/** A client's handshake over a link, on the thread that waits for it. */
public final class TlsHandshake {
  private final Link link;
  private final TlsSession session;
  private boolean canWrite = true;

  private TlsHandshake(Link link, TlsSession session) {
    this.link = link;
    this.session = session;
  }

  /**
   * Makes a link secret.
   *
   * @param link is the answer's then, and else the caller's still
   * @param isCancelled whether not to go on, once the link was woken
   * @return null when the time is over, or it is cancelled
   */
  public static TlsLink run(
      Link link, TlsSession session, long timeoutNanos, BooleanSupplier isCancelled)
      throws LinkException {
    // What ends a wait would end each: there is a time limit, and who cancels.
    boolean isInterrupted = Thread.interrupted();
    try {
      return new TlsHandshake(link, session).run(timeoutNanos, isCancelled)
          ? new TlsLink(link, session)
          : null;
    } finally {
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private boolean run(long timeoutNanos, BooleanSupplier isCancelled) throws LinkException {
    long start = System.nanoTime();
    while (!step()) {
      int interest = Link.READ | (session.output().hasRemaining() ? Link.WRITE : 0);
      long left = timeoutNanos - (System.nanoTime() - start);
      if (left <= 0 || isCancelled.getAsBoolean()) {
        return false;
      }
      int ignored = link.await(interest, left);
    }
    return true;
  }

  /** Does what can be done without a wait; whether it is over and all is sent. */
  private boolean step() throws LinkException {
    boolean isOver;
    try {
      isOver = session.shake();
      while (!isOver && receive()) {
        isOver = session.shake();
      }
    } catch (SSLException e) {
      session.alert();
      send();
      throw TlsFaults.of(e, address());
    }
    send();
    return isOver && !session.output().hasRemaining();
  }

  /** Whether something has come. */
  private boolean receive() throws LinkException {
    send();
    ByteBuffer room = session.room();
    int count;
    try {
      count = link.read(room);
    } finally {
      session.filled();
    }
    if (count < 0) {
      throw Fault.TLS_NOT_SPOKEN.with(address(), "it hung up in the handshake");
    }
    if (count > 0 && !session.isTls()) {
      throw Fault.TLS_NOT_SPOKEN.with(address(), "it answered in plain text");
    }
    return count > 0;
  }

  /** A server that has hung up may have said why: that is read first. */
  private void send() throws LinkException {
    try {
      if (canWrite && session.output().hasRemaining()) {
        link.write(session.output());
      }
    } catch (LinkException e) {
      if (e.fault() != Fault.LINK_FAILED) {
        throw e;
      }
      canWrite = false;
    }
    if (!canWrite) {
      session.output().position(session.output().limit());
    }
  }

  private String address() {
    return link.peer().address();
  }
}
