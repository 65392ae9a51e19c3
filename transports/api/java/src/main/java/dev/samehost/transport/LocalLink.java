package dev.samehost.transport;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One end of a link within this process: bytes on the heap, under a lock. It holds no descriptor,
 * and no memory while nothing is on its way.
 */
public final class LocalLink implements Link {
  private final ReentrantLock lock;
  private final Condition changed;
  private final Pipe incoming;
  private final Pipe outgoing;
  private final Peer peer;
  private final String medium;
  private final Runnable onClose;
  private LocalLink other;

  // Under the lock, which is that of both ends.
  private Runnable watcher;
  private boolean woken;
  private boolean closed;

  private LocalLink(
      ReentrantLock lock,
      Pipe incoming,
      Pipe outgoing,
      Peer peer,
      String medium,
      Runnable onClose) {
    this.lock = lock;
    this.changed = lock.newCondition();
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.peer = peer;
    this.medium = medium;
    this.onClose = onClose;
  }

  /** Both ends of a new link. */
  public record Ends(LocalLink first, LocalLink second) {}

  /**
   * A new link, whose ends call each other by an address.
   *
   * @param capacity how many bytes each direction holds until they are read, at least 1
   */
  public static Ends open(String address, int capacity) {
    return open(Peer.at(address), "", capacity, () -> {});
  }

  /**
   * A new link for somebody who stands between two others.
   *
   * @param peer whom the first end has at its other end; the second one knows but the address
   * @param medium what carries the bytes, as the first end says it
   * @param capacity how many bytes each direction holds until they are read, at least 1
   * @param onClose is run once, when the second end has been closed
   */
  public static Ends open(Peer peer, String medium, int capacity, Runnable onClose) {
    ReentrantLock lock = new ReentrantLock();
    Pipe in = new Pipe(capacity);
    Pipe out = new Pipe(capacity);
    LocalLink first = new LocalLink(lock, in, out, peer, medium, () -> {});
    LocalLink second = new LocalLink(lock, out, in, Peer.at(peer.address()), "", onClose);
    first.other = second;
    second.other = first;
    return new Ends(first, second);
  }

  @Override
  public int read(ByteBuffer destination) throws LinkException {
    lock.lock();
    try {
      checkOpen();
      boolean wasFull = incoming.room() == 0;
      int count = incoming.take(destination);
      if (count > 0) {
        if (wasFull) {
          other.changed.signalAll();
        }
        return count;
      }
      return incoming.ended ? -1 : 0;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int write(ByteBuffer source) throws LinkException {
    Runnable ready = null;
    lock.lock();
    try {
      checkOpen();
      if (outgoing.unread) {
        throw Fault.LINK_FAILED.with(peer.address(), "write", "Broken pipe (EPIPE)");
      }
      int count = outgoing.put(source);
      if (count > 0) {
        ready = other.tellReader();
      }
      return count;
    } finally {
      lock.unlock();
      run(ready);
    }
  }

  /** Under the lock: there is something to read. What it gives is to be run after it. */
  private Runnable tellReader() {
    changed.signalAll();
    Runnable ready = watcher;
    watcher = null;
    return ready;
  }

  private static void run(Runnable ready) {
    if (ready != null) {
      ready.run();
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
    if (outgoing.room() > 0 || outgoing.unread) {
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
  public boolean watch(Runnable ready) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      if ((ready() & READ) == 0) {
        watcher = ready;
        return true;
      }
    } finally {
      lock.unlock();
    }
    ready.run();
    return true;
  }

  @Override
  public Peer peer() {
    return peer;
  }

  @Override
  public String medium() {
    return medium;
  }

  @Override
  public void close() {
    Runnable ready;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      watcher = null;
      outgoing.ended = true;
      incoming.end();
      changed.signalAll();
      ready = other.tellReader();
    } finally {
      lock.unlock();
    }
    run(ready);
    onClose.run();
  }

  private void checkOpen() throws LinkException {
    if (closed) {
      throw Fault.LINK_CLOSED.with(peer.address());
    }
  }

  /** The bytes on their way in one direction. */
  private static final class Pipe {
    private final ArrayDeque<ByteBuffer> pieces = new ArrayDeque<>();
    private final int capacity;
    private int size;
    private boolean ended;
    private boolean unread;

    private Pipe(int capacity) {
      this.capacity = capacity;
    }

    private int room() {
      return capacity - size;
    }

    private int put(ByteBuffer source) {
      int count = Math.min(source.remaining(), room());
      if (count > 0) {
        byte[] piece = new byte[count];
        source.get(piece);
        pieces.add(ByteBuffer.wrap(piece));
        size += count;
      }
      return count;
    }

    private int take(ByteBuffer destination) {
      int before = size;
      while (size > 0 && destination.hasRemaining()) {
        ByteBuffer piece = pieces.element();
        int count = Math.min(piece.remaining(), destination.remaining());
        destination.put(destination.position(), piece, piece.position(), count);
        destination.position(destination.position() + count);
        piece.position(piece.position() + count);
        if (!piece.hasRemaining()) {
          pieces.remove();
        }
        size -= count;
      }
      return before - size;
    }

    private void end() {
      unread = true;
      pieces.clear();
      size = 0;
    }
  }
}
