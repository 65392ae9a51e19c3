package dev.samehost.transport.posix;

import java.nio.ByteBuffer;

/**
 * What a link reads: a descriptor, and those of its bytes that were taken before anybody asked for
 * them, by whoever judged the connection or by a look. It never waits, and does not own the
 * descriptor. Used by one thread at a time.
 *
 * <p>A look finds out whether there is something by taking it: one call, where to poll and then to
 * read would be two.
 */
final class Source {
  /** Enough for a short call; the rest of a longer one is read straight to where it belongs. */
  private static final int LOOK_BYTES = 1 << 10;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final int fd;
  private final Access access;
  private final NativeBytes memory = new NativeBytes();

  /** These are given first. */
  private ByteBuffer taken;

  /** Where a look takes to; made by the first one, for of many connections most are idle. */
  private ByteBuffer looked;

  private long lookedAddress;

  /** A look was filled, so there may be more. */
  private boolean goesOn;

  /** Bytes have come. */
  private boolean hasSpoken;

  private boolean ended;

  /** Why nothing more can be read, or null. */
  private SystemCallException failure;

  /**
   * Of a link.
   *
   * @param taken bytes that were read from the descriptor already
   */
  Source(Fd fd, Access access, ByteBuffer taken) {
    this.fd = fd.number();
    this.access = access;
    this.taken = taken;
    this.hasSpoken = taken.hasRemaining();
  }

  /** Whether a read makes progress whatever the descriptor says. */
  boolean isReady() {
    return taken.hasRemaining() || ended || failure != null;
  }

  /**
   * Whether looks are of use. Not before the peer has spoken, for a FIFO that nobody has opened for
   * writing yet reads like one that has ended; nor where each read is polled first anyway.
   */
  boolean canLook() {
    return hasSpoken && access != Access.SHARED;
  }

  /** Takes what is there, where nothing is taken yet; whether a read now makes progress. */
  boolean look() {
    if (looked == null) {
      looked = NativeMemory.zeros(LOOK_BYTES);
      lookedAddress = NativeMemory.address(looked);
    }
    int count = take(lookedAddress, LOOK_BYTES);
    looked.position(0).limit(Math.max(0, count));
    taken = looked;
    goesOn = count == LOOK_BYTES;
    return count != 0;
  }

  /** Holds no memory but of what was taken. */
  void rest() {
    memory.rest();
    if (!taken.hasRemaining()) {
      taken = NOTHING;
      looked = null;
    }
  }

  /** Reads what is there; answers as {@link dev.samehost.transport.Link#read} does. */
  int read(ByteBuffer destination) throws SystemCallException {
    int given = give(destination);
    if (given > 0 && !(goesOn && destination.hasRemaining())) {
      return given;
    }
    int count = take(destination);
    goesOn = false;
    if (given > 0) {
      return given + Math.max(0, count); // end and failure are told by the next read
    }
    if (count < 0 && failure != null) {
      throw failure;
    }
    return count;
  }

  private int give(ByteBuffer destination) {
    int count = Math.min(taken.remaining(), destination.remaining());
    destination.put(destination.position(), taken, taken.position(), count);
    destination.position(destination.position() + count);
    taken.position(taken.position() + count);
    return count;
  }

  private int take(ByteBuffer destination) {
    if (destination.isDirect()) {
      int count = take(memory.addressOf(destination), destination.remaining());
      destination.position(destination.position() + Math.max(0, count));
      return count;
    }
    ByteBuffer scratch = memory.scratch(destination.remaining());
    int count = take(memory.addressOf(scratch), scratch.remaining());
    destination.put(scratch.limit(Math.max(0, count)));
    return count;
  }

  /** How many bytes, 0 when there are none yet, -1 at the end or when it has failed. */
  private int take(long address, int count) {
    if (ended || failure != null) {
      return -1;
    }
    while (true) {
      long result = access.read(fd, address, count);
      if (result > 0) {
        hasSpoken = true;
        return (int) result;
      }
      if (result == 0) {
        ended = true;
        return -1;
      }
      if (result == Access.NOT_READY) {
        return 0;
      }
      int errno = Errno.last();
      if (Errno.EAGAIN.is(errno)) {
        return 0;
      }
      if (Errno.ECONNRESET.is(errno)) {
        // The peer closed its socket with bytes of ours unread. What it wrote has been read.
        ended = true;
        return -1;
      }
      if (!Errno.EINTR.is(errno)) {
        failure = new SystemCallException("read", errno);
        return -1;
      }
    }
  }
}
