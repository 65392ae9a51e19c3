package dev.samehost.transport.tls;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A link by TLS over another link, which it owns. It has no thread: whoever reads it opens what has
 * come, and whoever writes it seals and sends; they take turns inside {@link TlsSession}.
 *
 * <p>Of a record that the other link has taken in part all but the last byte counts as taken. So
 * whoever writes has that byte to write still, and comes again, which sends the rest; the byte was
 * sent by then.
 */
public final class TlsLink implements Link {
  private static final Logger log = LoggerFactory.getLogger(TlsLink.class);

  private final Link link;
  private final TlsSession session;
  private final Peer peer;
  private final ReentrantLock lock = new ReentrantLock();

  /** The next byte that is given was sealed already. Under the lock. */
  private boolean isNextSealed;

  // Written under the lock, read anywhere.
  private volatile boolean hasOutput;
  private volatile boolean closed;

  /** Why nothing more can be read; null while something can. */
  private volatile LinkException failure;

  /** Over a link, by a session whose handshake is over; what it has still to say is sent here. */
  public TlsLink(Link link, TlsSession session) {
    this.link = link;
    this.session = session;
    this.peer = link.peer().withTls(session.session());
    this.hasOutput = session.output().hasRemaining();
  }

  // ---- reading

  @Override
  public int read(ByteBuffer destination) throws LinkException {
    int start = destination.position();
    boolean mayHaveMore = true;
    try {
      if (isReady()) {
        open(destination);
      }
      while (mayHaveMore && destination.hasRemaining() && !session.isReady() && failure == null) {
        mayHaveMore = receive();
        open(destination);
      }
    } catch (LinkException e) {
      if (destination.position() == start) {
        throw e;
      } // else it waits until what came before it was read
    }
    if (closed) {
      throw Fault.LINK_CLOSED.with(peer.address());
    }
    int count = destination.position() - start;
    return count == 0 && session.hasEnded() ? -1 : count;
  }

  /** Takes records from the other link; whether there may be more at once. */
  private boolean receive() throws LinkException {
    ByteBuffer room = session.room();
    int wanted = room.remaining();
    int count;
    try {
      count = link.read(room);
    } finally {
      session.filled();
    }
    if (count < 0) {
      session.endsWithoutAWord();
    }
    return count == wanted;
  }

  private void open(ByteBuffer destination) throws LinkException {
    lock.lock();
    try {
      if (failure == null) {
        session.open(destination);
      }
    } catch (SSLException e) {
      failure = TlsFaults.of(e, peer.address());
      session.alert();
    } finally {
      answer();
      lock.unlock();
    }
    if (failure != null && !closed) {
      throw failure;
    }
  }

  /**
   * Sends what TLS has to say to what was opened; one who no longer reads is told to who writes.
   */
  private void answer() {
    try {
      boolean ignored = send();
    } catch (LinkException e) {
      log.debug("{}: TLS cannot answer", peer.address(), e);
    }
  }

  // ---- writing

  @Override
  public int write(ByteBuffer source) throws LinkException {
    int start = source.position();
    lock.lock();
    try {
      checkOpen();
      while (source.hasRemaining() && send()) {
        if (isNextSealed) {
          isNextSealed = false;
          source.position(source.position() + 1);
        } else if (seal(source) == 0) {
          break;
        } else if (!send()) {
          isNextSealed = true;
          source.position(source.position() - 1);
          break;
        }
      }
      return source.position() - start;
    } finally {
      lock.unlock();
    }
  }

  private int seal(ByteBuffer source) throws LinkException {
    if (session.isSealed()) {
      throw Fault.LINK_FAILED.with(peer.address(), "write", "the peer has ended TLS");
    }
    try {
      return session.seal(source);
    } catch (SSLException e) {
      throw TlsFaults.of(e, peer.address());
    }
  }

  /** Sends what is sealed; whether nothing is left of it. */
  private boolean send() throws LinkException {
    ByteBuffer output = session.output();
    if (output.hasRemaining()) {
      link.write(output);
    }
    boolean isLeft = output.hasRemaining();
    if (hasOutput != isLeft) {
      hasOutput = isLeft;
    }
    return !isLeft;
  }

  private void checkOpen() throws LinkException {
    if (closed) {
      throw Fault.LINK_CLOSED.with(peer.address());
    }
  }

  // ---- waiting

  @Override
  public int await(int interest, long timeoutNanos) throws LinkException {
    checkOpen();
    if ((interest & READ) != 0 && isReady()) {
      return READ | ((interest & WRITE) == 0 ? 0 : link.await(WRITE, 0));
    }
    // What TLS itself has to say is sent by whoever waits, where nobody writes.
    boolean sends = hasOutput && (interest & WRITE) == 0;
    int ready = link.await(sends ? interest | WRITE : interest, timeoutNanos);
    if (sends && (ready & WRITE) != 0) {
      sendLeft();
    }
    return ready & interest;
  }

  private boolean isReady() {
    return session.isReady() || failure != null;
  }

  private void sendLeft() throws LinkException {
    lock.lock();
    try {
      checkOpen();
      boolean ignored = send();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void wake() {
    link.wake();
  }

  @Override
  public boolean watch(Runnable ready) {
    if (!link.watch(ready)) {
      return false;
    }
    if (isReady()) {
      ready.run(); // the other link knows nothing of these
    }
    return true;
  }

  @Override
  public void limitSpin(long nanos) {
    link.limitSpin(nanos);
  }

  @Override
  public void rest() {
    lock.lock();
    try {
      session.rest();
    } finally {
      lock.unlock();
    }
    link.rest();
  }

  // ---- what the other link knows

  @Override
  public Peer peer() {
    return peer;
  }

  @Override
  public boolean takesFromHeap() {
    return true; // a record is sealed from wherever its bytes are
  }

  /** The version that is spoken: {@code TLS 1.3}. */
  @Override
  public String medium() {
    return session.session().getProtocol().replace("TLSv", "TLS ");
  }

  @Override
  public void peerSaidHello(long pid, long pidNamespace) {
    link.peerSaidHello(pid, pidNamespace);
  }

  @Override
  public LinkException explain(LinkException why) {
    return link.explain(why);
  }

  @Override
  public LinkException explainSilence(LinkException why, ByteBuffer skipped, long skippedBytes) {
    return link.explainSilence(why, skipped, skippedBytes);
  }

  // ---- the end

  /** Says so, as far as there is room for it. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        if (send()) {
          session.end();
          boolean ignored = send();
        }
      }
    } catch (LinkException | SSLException e) {
      log.debug("{}: ends without a word", peer.address(), e);
    } finally {
      lock.unlock();
    }
    link.close();
  }
}
