package dev.samehost.transport.testkit;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One end of a link between two parties in one process, for tests. It keeps the whole contract of
 * {@link Link} with two arrays and a lock, and touches no descriptor.
 */
public final class PairLink implements Link {
  private final ReentrantLock lock;
  private final Condition changed;
  private final Pipe incoming;
  private final Pipe outgoing;
  private final Peer peer;
  private PairLink other;
  private boolean woken;
  private boolean closed;

  private PairLink(ReentrantLock lock, Pipe incoming, Pipe outgoing, Peer peer) {
    this.lock = lock;
    this.changed = lock.newCondition();
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.peer = peer;
  }

  /** Both ends of a new link. */
  public record Ends(PairLink connector, PairLink acceptor) {}

  /**
   * A new link.
   *
   * @param address what both ends call their peer
   * @param capacity how many bytes each direction holds until they are read, at least 1
   */
  public static Ends open(String address, int capacity) {
    ReentrantLock lock = new ReentrantLock();
    Pipe there = new Pipe(capacity);
    Pipe back = new Pipe(capacity);
    PairLink connector = new PairLink(lock, back, there, Peer.at(address));
    PairLink acceptor = new PairLink(lock, there, back, Peer.at(address));
    connector.other = acceptor;
    acceptor.other = connector;
    return new Ends(connector, acceptor);
  }

  @Override
  public int read(ByteBuffer destination) throws LinkException {
    lock.lock();
    try {
      checkOpen();
      int count = incoming.take(destination);
      if (count > 0) {
        other.changed.signalAll();
        return count;
      }
      return incoming.ended ? -1 : 0;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int write(ByteBuffer source) throws LinkException {
    lock.lock();
    try {
      checkOpen();
      if (outgoing.unread) {
        throw Fault.LINK_FAILED.with(peer.address(), "write", "Broken pipe (EPIPE)");
      }
      int count = outgoing.put(source);
      if (count > 0) {
        other.changed.signalAll();
      }
      return count;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean takesFromHeap() {
    return true;
  }

  @Override
  public int await(int interest, long timeoutNanos) throws LinkException {
    lock.lock();
    try {
      long left = timeoutNanos;
      while (true) {
        checkOpen();
        int ready = ready() & interest;
        if (ready != 0) {
          return ready;
        }
        if (woken || left <= 0) {
          return 0;
        }
        if (timeoutNanos == FOREVER) {
          changed.await();
        } else {
          left = changed.awaitNanos(left);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 0;
    } finally {
      woken = false;
      lock.unlock();
    }
  }

  private int ready() {
    int ready = 0;
    if (incoming.size > 0 || incoming.ended) {
      ready |= READ;
    }
    if (outgoing.size < outgoing.bytes.length || outgoing.unread) {
      ready |= WRITE;
    }
    return ready;
  }

  @Override
  public void wake() {
    lock.lock();
    try {
      woken = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Peer peer() {
    return peer;
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      outgoing.ended = true;
      incoming.unread = true;
      changed.signalAll();
      other.changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void checkOpen() throws LinkException {
    if (closed) {
      throw Fault.LINK_CLOSED.with(peer.address());
    }
  }

  /** The bytes on their way in one direction: a ring, guarded by the lock of the link. */
  private static final class Pipe {
    private final byte[] bytes;
    private int first;
    private int size;
    private boolean ended;
    private boolean unread;

    private Pipe(int capacity) {
      bytes = new byte[capacity];
    }

    private int put(ByteBuffer source) {
      int count = Math.min(source.remaining(), bytes.length - size);
      for (int left = count; left > 0; ) {
        int at = (first + size) % bytes.length;
        int piece = Math.min(left, bytes.length - at);
        source.get(bytes, at, piece);
        size += piece;
        left -= piece;
      }
      return count;
    }

    private int take(ByteBuffer destination) {
      int count = Math.min(destination.remaining(), size);
      for (int left = count; left > 0; ) {
        int piece = Math.min(left, bytes.length - first);
        destination.put(bytes, first, piece);
        first = (first + piece) % bytes.length;
        size -= piece;
        left -= piece;
      }
      return count;
    }
  }
}
