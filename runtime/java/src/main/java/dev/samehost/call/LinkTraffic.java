package dev.samehost.call;

import dev.samehost.connection.Connection;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves the bytes between a {@link Connection} and its {@link Link}. Writing is done under the
 * session's lock, by whoever has acted, and never waits; reading is done by the holder of the
 * reader's role. It looks at no frame.
 */
final class LinkTraffic {
  private static final Logger log = LoggerFactory.getLogger(LinkTraffic.class);
  private static final int FIRST_READ_BYTES = 4 << 10;
  private static final int MOST_READ_BYTES = 16 << 10;

  /** From so many bytes on a read of their own costs less than to copy them once more. */
  private static final int BULK_BYTES = 4 << 10;

  /** The same of a write, before which there is one for the header. */
  private static final int BULK_WRITE_BYTES = 16 << 10;

  private static final int READS_IN_A_ROW = 16;

  /** More output than this is neither held back nor left to another thread. */
  private static final int HELD_BYTES = 16 << 10;

  private final Link link;
  private final Connection connection;
  private final Session session;
  private final ConnectionLock lock;

  /**
   * Of the reader, or null before it reads and while it rests. It grows when it was too small: of
   * many connections most carry little.
   */
  private ByteBuffer inbound;

  /** Of the reader: where the frame that arrives goes on, or null. */
  private ByteBuffer unfinished;

  private long arrivals; // of the reader

  private long sent; // under the lock

  // Written under the lock, read anywhere.
  private volatile boolean wantsWrite;
  private volatile LinkException writeFailure;
  private volatile boolean holdsOutput;

  private volatile Thread heldBackFor;

  /**
   * The id of the thread that reads, 0 for none, or an outdated answer: only the reader itself can
   * rely on it. No reference, for G1 has a fence behind each store of one into an old object.
   */
  private long reader;

  LinkTraffic(Link link, Connection connection, Session session, ConnectionLock lock) {
    this.link = link;
    this.connection = connection;
    this.session = session;
    this.lock = lock;
  }

  /** From how many bytes on a piece of a message is given to the link from where it is. */
  static int bulkBytes(Link link) {
    return link.takesFromHeap() ? BULK_WRITE_BYTES : Integer.MAX_VALUE;
  }

  /** Whether the link did not take all there was: whoever reads writes the rest. */
  boolean wantsWrite() {
    return wantsWrite;
  }

  /** A write has failed and the peer has not ended its side since: why, or null. */
  LinkException writeFailure() {
    return writeFailure;
  }

  /** By the holder of the role: how often there was something to read. */
  long arrivals() {
    return arrivals;
  }

  /** Under the lock: how many bytes went out. */
  long sent() {
    return sent;
  }

  /** Under the lock: how many bytes will have gone out before what is queued from now on. */
  long ahead() {
    return sent + connection.outboundBytes();
  }

  /** Whether what the calling thread does next is written together with what it does after that. */
  void holdBack(boolean hold) {
    Thread thread = hold ? Thread.currentThread() : null;
    if (heldBackFor != thread) {
      heldBackFor = thread;
    }
  }

  /** Under the lock: whether this thread's output waits for more; notes that there is some. */
  boolean holdsBack() {
    boolean holds =
        (heldBackFor == Thread.currentThread() || leavesToAnother())
            && connection.outboundBytes() < HELD_BYTES;
    boolean held = holds && connection.hasOutbound();
    if (holdsOutput != held) {
      holdsOutput = held;
    }
    return holds;
  }

  /**
   * Whether another thread is about to have the lock and to write: so the frames of concurrent
   * calls go out together. Asked in this order, as who holds back says so before it locks.
   */
  private boolean leavesToAnother() {
    return lock.isAwaitedByWriter() && heldBackFor == null;
  }

  /** Whether there is output that was held back. */
  boolean holdsOutput() {
    return holdsOutput;
  }

  /** Under the lock: writes what the link takes. */
  void write() {
    if (wantsWrite || writeFailure != null || !connection.hasOutbound()) {
      return;
    }
    try {
      while (connection.hasOutbound()) {
        int count = link.write(connection.outbound());
        if (count == 0) {
          wantsWrite = true;
          wakeForWriting();
          break;
        }
        sent += count;
        connection.sent(count);
      }
    } catch (LinkException e) {
      failedToWrite(e);
    } catch (RuntimeException | Error e) {
      log.error("the transport of {} failed at writing", link.peer().address(), e);
      failedToWrite(Fault.LINK_FAILED.causedBy(e, link.peer().address(), "writing", e));
    }
  }

  private void failedToWrite(LinkException why) {
    // The peer's last words may still be there to be read; the background reader gives up soon.
    writeFailure = why;
    session.afterwards(session::wakeAll);
  }

  private void wakeForWriting() {
    // Whoever sleeps in the link must now wait for room as well. A wake too many is no harm.
    if (reader != Thread.currentThread().getId()) {
      link.wake();
    }
  }

  /** By the holder of the role: waits for the link, at most so long, and takes what it has. */
  void read(long timeoutNanos) {
    reader = Thread.currentThread().getId();
    try {
      int interest = wantsWrite && writeFailure == null ? Link.READ | Link.WRITE : Link.READ;
      int ready = link.await(interest, Math.max(0, timeoutNanos));
      if ((ready & Link.WRITE) != 0) {
        writeOn();
      }
      if ((ready & Link.READ) != 0) {
        arrivals++;
        readAll();
      }
    } catch (LinkException e) {
      session.perform(c -> c.linkFailed(writeFailure == null ? e : writeFailure));
    } catch (RuntimeException | Error e) {
      // Whoever reads may be a caller, whom the faults of a transport do not concern.
      log.error("reading {} failed; the connection is given up", link.peer().address(), e);
      session.giveUp(e);
    } finally {
      reader = 0;
    }
  }

  /** By the holder of the role: nothing comes, so there need be no memory for it. */
  void rest() {
    inbound = null;
    link.rest();
    session.perform(Connection::rest);
  }

  private void readAll() throws LinkException {
    if (inbound == null) {
      inbound = ByteBuffer.allocateDirect(FIRST_READ_BYTES);
    }
    for (int i = 0; i < READS_IN_A_ROW && !session.isOver(); i++) {
      inbound.clear();
      // The bulk of a large frame is not read by way of a buffer.
      boolean isBulk = unfinished != null && unfinished.remaining() >= BULK_BYTES;
      ByteBuffer into = isBulk ? unfinished : inbound;
      int count = link.read(into);
      boolean full = !into.hasRemaining();
      if (count < 0) {
        session.perform(Connection::receiveEnd);
        return;
      }
      if (count == 0) {
        return;
      }
      inbound.flip();
      if (full || !isBulk) {
        session.perform(this::receive);
      }
      if (!full) {
        return;
      }
      if (!isBulk && inbound.capacity() < MOST_READ_BYTES) {
        inbound = ByteBuffer.allocateDirect(4 * inbound.capacity());
      }
    }
  }

  private void receive(Connection to) {
    to.receive(inbound);
    unfinished = to.unfinished();
  }

  private void writeOn() {
    session.perform(c -> wantsWrite = false);
  }

  /** By the background reader, at the end: writes what is left, for at most so long. */
  void writeLastWords(long nanos) {
    long until = System.nanoTime() + nanos;
    holdBack(false);
    try {
      while (true) {
        writeOn();
        long left = until - System.nanoTime();
        boolean isWritten = !wantsWrite && !holdsOutput; // it may have been left to another thread
        if (isWritten || writeFailure != null || left <= 0) {
          return;
        }
        link.await(Link.WRITE, left);
      }
    } catch (LinkException e) {
      // The link is broken, so nothing can be said any more; the fault is known already.
      writeFailure = e;
    }
  }
}
