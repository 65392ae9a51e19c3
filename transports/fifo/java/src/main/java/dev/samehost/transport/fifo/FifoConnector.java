package dev.samehost.transport.fifo;

import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener.FirstBytes;
import dev.samehost.transport.posix.Access;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.FdLink;
import dev.samehost.transport.posix.Fifos;
import dev.samehost.transport.posix.Inode;
import dev.samehost.transport.posix.Poll;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.posix.Wakeup;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Connects at one rendezvous, as often as it is asked to. Of the files that it makes it leaves
 * none.
 */
final class FifoConnector implements Connector {
  /**
   * How long a server may take to answer until another try is made: the server that had read the
   * record may have been killed.
   */
  private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** The pause between two tries. */
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final Place place;
  private final long helloTimeoutNanos;
  private boolean closed;

  /** Of the connect in progress; null when there is none. */
  private Wakeup wakeup;

  FifoConnector(Place place, Duration helloTimeout) {
    this.place = place;
    this.helloTimeoutNanos = helloTimeout.toNanos();
  }

  @Override
  public Link connect(long timeoutNanos) throws LinkException {
    try (Wakeup bell = new Wakeup()) {
      ring(bell);
      try {
        return new Attempt(bell, timeoutNanos).connect();
      } finally {
        ring(null);
      }
    } catch (SystemCallException e) {
      throw failure(e);
    }
  }

  private synchronized void ring(Wakeup bell) throws LinkException {
    wakeup = bell;
    if (closed && bell != null) {
      throw Fault.CHANNEL_SHUTDOWN.with(place.address());
    }
  }

  private LinkException failure(SystemCallException e) {
    if (Errno.ENOENT.is(e.errno())) {
      return Fault.CONNECT_NO_SUCH_FIFO.with(place.address());
    }
    if (Errno.ENXIO.is(e.errno()) || Errno.EPIPE.is(e.errno())) {
      return Fault.CONNECT_FIFO_UNREAD.with(place.address());
    }
    if (Errno.EACCES.is(e.errno())) {
      return Fault.CONNECT_FIFO_PERMISSION.with(place.address(), e.operation());
    }
    return e.fault(Fault.CONNECT_FAILED, place.address());
  }

  /** The tries of one connect. */
  private final class Attempt {
    private final Wakeup bell;
    private final long timeoutNanos;
    private final long start = System.nanoTime();
    private final Poll poll = new Poll();
    private final ByteBuffer answer = ByteBuffer.allocateDirect(1);

    Attempt(Wakeup bell, long timeoutNanos) {
      this.bell = bell;
      this.timeoutNanos = timeoutNanos;
    }

    Link connect() throws LinkException, SystemCallException {
      while (true) {
        Link link = tryOnce();
        if (link != null) {
          return link;
        }
        if (leftNanos() == 0) {
          throw timeout();
        }
        await(null, 0, null, Math.min(leftNanos(), RETRY_NANOS));
      }
    }

    private long leftNanos() {
      return Math.max(0, timeoutNanos - (System.nanoTime() - start));
    }

    private LinkException timeout() {
      String seconds = BigDecimal.valueOf(timeoutNanos, 9).stripTrailingZeros().toPlainString();
      return Fault.CONNECT_TIMEOUT.with(place.address(), seconds);
    }

    /** Null when nobody answered, or whoever did has gone. */
    private Link tryOnce() throws LinkException, SystemCallException {
      try (Fd rendezvous = openRendezvous();
          NamedPair pair = NamedPair.make(place)) {
        Fd down = pair.openDown(Fifos.READ);
        Fd up = null;
        try {
          handIn(rendezvous, pair.names().record());
          if (isAnswered(rendezvous, down)) {
            up = openUp(pair);
          }
          if (up == null) {
            return null;
          }
          Link link = FdLink.over(down, Access.NON_BLOCKING, up, Access.NON_BLOCKING, place.peer());
          up = null;
          down = null;
          return link;
        } finally {
          if (up != null) {
            up.close();
          }
          if (down != null) {
            down.close();
          }
        }
      }
    }

    private Fd openRendezvous() throws LinkException, SystemCallException {
      Inode found = Inode.at(place.path());
      if (found == null) {
        throw Fault.CONNECT_NO_SUCH_FIFO.with(place.address());
      }
      if (!found.isOwnFifo()) {
        throw foreign();
      }
      Fd fifo;
      try {
        fifo = Fifos.open(place.path(), Fifos.WRITE);
      } catch (SystemCallException e) {
        throw Errno.ELOOP.is(e.errno()) ? foreign() : failure(e);
      }
      boolean own = false;
      try {
        own = Inode.of(fifo).isOwnFifo();
      } finally {
        if (!own) {
          fifo.close();
        }
      }
      if (!own) {
        throw foreign();
      }
      return fifo;
    }

    private LinkException foreign() {
      return Fault.CONNECT_NOT_A_FIFO.with(place.address(), place.path());
    }

    /** Writes a record, which the system takes whole or not at all. */
    private void handIn(Fd rendezvous, byte[] record) throws LinkException, SystemCallException {
      while (!Fifos.write(rendezvous, record)) {
        if (!await(rendezvous, Poll.WRITABLE, null, leftNanos())) {
          throw timeout();
        }
      }
    }

    private boolean isAnswered(Fd rendezvous, Fd down) throws LinkException, SystemCallException {
      long asked = System.nanoTime();
      while (true) {
        long patience = Math.max(0, ANSWER_NANOS - (System.nanoTime() - asked));
        if (!await(down, Poll.READABLE, rendezvous, Math.min(leftNanos(), patience))) {
          return false;
        }
        int count = Fifos.read(down, answer.clear());
        if (count > 0 && answer.get(0) != Names.ANSWER) {
          String shown = FirstBytes.show(answer.flip());
          throw Fault.PEER_NONSENSE.with(place.address(), shown);
        }
        if (count >= 0) {
          return count > 0;
        }
      }
    }

    /** Null when the server has gone meanwhile. */
    private Fd openUp(NamedPair pair) throws SystemCallException {
      try {
        return pair.openUp(Fifos.WRITE);
      } catch (SystemCallException e) {
        if (NamedPair.isGone(e)) {
          return null;
        }
        throw e;
      }
    }

    /** Waits until one is ready; false after a while. A rendezvous without a reader ends it. */
    private boolean await(Fd wanted, int events, Fd rendezvous, long nanos)
        throws LinkException, SystemCallException {
      poll.set(0, bell.number(), Poll.READABLE);
      poll.set(1, wanted == null ? -1 : wanted.number(), events);
      poll.setForFailures(2, rendezvous == null ? -1 : rendezvous.number());
      if (poll.run(nanos) < 0) {
        int errno = Errno.last();
        if (Errno.EINTR.is(errno)) {
          return true; // whoever waited looks, and waits on
        }
        throw new SystemCallException("poll", errno);
      }
      if (poll.ready(0) != 0) {
        throw Fault.CHANNEL_SHUTDOWN.with(place.address());
      }
      // What was answered counts, though the server has closed meanwhile.
      if (poll.ready(1) == 0 && poll.ready(2) != 0) {
        throw Fault.CONNECT_FIFO_UNREAD.with(place.address());
      }
      return poll.ready(1) != 0;
    }
  }

  @Override
  public long helloTimeoutNanos() {
    return helloTimeoutNanos;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (wakeup != null) {
      wakeup.set();
    }
  }
}
