package dev.samehost.transport.shm;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Gate;
import dev.samehost.transport.posix.IdleWatch;
import dev.samehost.transport.posix.InterruptHook;
import dev.samehost.transport.posix.Poll;
import dev.samehost.transport.posix.Spin;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.posix.Wakeup;
import dev.samehost.transport.reception.Upgrade.Upgraded;
import java.nio.ByteBuffer;

/**
 * A link over two rings in shared memory, with a socket for doorbells and for learning of the
 * peer's death; it owns all three. Reading and writing make no system call unless the peer sleeps.
 * It knows nothing of how the memory was agreed on.
 *
 * <p>Whoever reads, writes or awaits is known to a gate, so that a close from another thread wakes
 * the sleeper and frees memory and sockets when nobody uses them.
 */
final class ShmLink implements Upgraded {
  private static final int WAKEUP = 1;

  /** A look at the memory takes some 30 ns. */
  private static final int FREE_LOOKS = 32;

  private final Side side;
  private final Region region;
  private final BellSockets sockets;
  private final Wakeup wakeup;
  private final Peer peer;
  private final Gate gate = new Gate();
  private final InterruptHook interruptHook = new InterruptHook(this::wake);

  // Of the reader.
  private final RingReader reader;
  private final Poll poll = new Poll();
  private final Spin spin = new Spin(FREE_LOOKS);

  // Of the writer.
  private final RingWriter writer;

  /** The peer has gone, by the socket's word. */
  private volatile boolean gone;

  /** The peer has claimed what cannot be. */
  private volatile boolean lied;

  /**
   * A link over what was agreed on.
   *
   * @throws SystemCallException when there are no descriptors left; nothing is closed then
   */
  ShmLink(Side side, Region region, Fd bell, Fd second, Peer peer) throws SystemCallException {
    this.side = side;
    this.region = region;
    this.peer = peer;
    this.sockets = new BellSockets(bell, second);
    this.reader = new RingReader(side.peer());
    this.writer = new RingWriter(side);
    this.wakeup = new Wakeup();
  }

  @Override
  public int read(ByteBuffer destination) throws LinkException {
    take(gate.reader());
    try {
      int count = reader.read(region, destination);
      if (count == 0) {
        if (!isOver()) {
          return 0;
        }
        // Once more: bytes may have come before it was over.
        count = reader.read(region, destination);
        if (count == 0) {
          return -1;
        }
      }
      if (count < 0) {
        throw lie();
      }
      if (reader.mayHaveFreed(region, count)) {
        ringFor(Bells.toRing(region, side, Side.WAIT_SPACE, Side.PLUGGED));
      }
      return count;
    } finally {
      gate.reader().leave();
    }
  }

  @Override
  public int peek(ByteBuffer destination) throws LinkException {
    take(gate.reader());
    try {
      // In this order: what rings from here on is for bytes that are not looked at here.
      hear();
      Bells.arm(region, side, Side.WAIT_DATA);
      boolean over = isOver();
      int count = reader.peek(region, destination);
      if (count < 0) {
        throw lie();
      }
      return count == 0 && over ? -1 : count;
    } finally {
      gate.reader().leave();
    }
  }

  @Override
  public int write(ByteBuffer source) throws LinkException {
    take(gate.writer());
    try {
      if (isOver()) {
        throw failure("write", Errno.EPIPE.number());
      }
      int count = writer.write(region, source);
      if (count > 0) {
        ringFor(Bells.toRing(region, side, Side.WAIT_DATA, 0));
      } else if (count < 0) {
        throw lie();
      }
      return count;
    } finally {
      gate.writer().leave();
    }
  }

  @Override
  public boolean takesFromHeap() {
    return true;
  }

  /** Neither reads nor writes any more, by its own word or the socket's. */
  private boolean isOver() {
    return gone || (region.word(side.peer()) & Side.CLOSED) != 0;
  }

  private void ringFor(int bits) {
    if (bits == 0) {
      return;
    }
    if ((bits & Side.PLUGGED) != 0) {
      sockets.unplug();
    }
    if (!sockets.ring()) {
      gone = true;
    }
  }

  private void hear() {
    if (sockets.hear() == BellSockets.Found.END) {
      gone = true;
    }
  }

  @Override
  public int await(int interest, long timeoutNanos) throws LinkException {
    take(gate.reader());
    try {
      int ready = ready(interest);
      if (ready == 0 && interest != 0 && timeoutNanos > 0) {
        ready = spin(interest, timeoutNanos);
      }
      if (ready == 0) {
        ready = sleep(interest, timeoutNanos);
      }
      if (gate.isClosed()) {
        throw Fault.LINK_CLOSED.with(peer.address());
      }
      return ready;
    } finally {
      gate.reader().leave();
    }
  }

  private int ready(int interest) {
    boolean over = isOver() || lied;
    int ready = 0;
    if ((interest & READ) != 0 && (over || reader.hasBytes(region))) {
      ready |= READ;
    }
    if ((interest & WRITE) != 0 && (over || writer.hasRoom(region))) {
      ready |= WRITE;
    }
    return ready;
  }

  /** Looks for a short while, if that was of use lately; leaves a wake to whoever sleeps then. */
  private int spin(int interest, long timeoutNanos) {
    if (!spin.begin(timeoutNanos)) {
      return 0;
    }
    int ready = 0;
    try {
      do {
        ready = ready(interest);
      } while (ready == 0 && !wakeup.isSet() && spin.goesOn());
    } finally {
      spin.end(ready != 0);
    }
    return ready;
  }

  private int sleep(int interest, long timeoutNanos) throws LinkException {
    int bits =
        ((interest & READ) != 0 ? Side.WAIT_DATA : 0)
            | ((interest & WRITE) != 0 ? Side.WAIT_SPACE : 0);
    Bells.arm(region, side, bits);
    try {
      int ready = ready(interest);
      if (ready != 0) {
        return ready;
      }
      long begin = spin.beginsSleep();
      interruptHook.enter();
      try {
        poll(interest, timeoutNanos);
      } finally {
        interruptHook.exit();
      }
      ready = ready(interest);
      spin.slept(begin, ready != 0);
      return ready;
    } finally {
      Bells.disarm(region, side, bits);
    }
  }

  private void poll(int interest, long timeoutNanos) throws LinkException {
    // With no interest the socket is not polled: its end would be told nevertheless.
    poll.set(0, sockets.number(), interest == 0 ? 0 : Poll.READABLE);
    poll.set(WAKEUP, wakeup.number(), Poll.READABLE);
    if (poll.run(timeoutNanos) < 0) {
      int errno = Errno.last();
      if (Errno.EINTR.is(errno)) {
        return;
      }
      throw failure("poll", errno);
    }
    if (interest != 0 && poll.ready(0) != 0) {
      hear();
    }
    if (poll.ready(WAKEUP) != 0) {
      wakeup.reset();
    }
  }

  @Override
  public boolean watch(Runnable ready) {
    if (!gate.enter()) {
      return false;
    }
    try {
      // Never disarmed: whoever awaits may have set the same bit. A ring too many does no harm.
      Bells.arm(region, side, Side.WAIT_DATA);
      if (!IdleWatch.watch(sockets.number(), ready)) {
        return false;
      }
      if (ready(READ) != 0) {
        ready.run();
      }
      return true;
    } finally {
      gate.leave();
    }
  }

  @Override
  public void wake() {
    if (gate.enter()) {
      wakeup.set();
      gate.leave();
    }
  }

  @Override
  public void limitSpin(long nanos) {
    spin.limit(nanos);
  }

  @Override
  public Peer peer() {
    return peer;
  }

  @Override
  public String medium() {
    return "shared memory, " + region.ringBytes() + " bytes each way";
  }

  @Override
  public void close() {
    if (gate.close()) {
      region.setBits(side, Side.CLOSED);
      // The end of the socket would wake the peer too, but not where a forked sibling holds it.
      sockets.ring();
      wakeup.set();
      gate.awaitEmpty();
      IdleWatch.forget(sockets.number());
      sockets.close();
      wakeup.close();
      region.close();
    }
  }

  private void take(Gate.Seat seat) throws LinkException {
    if (!seat.take()) {
      throw Fault.LINK_CLOSED.with(peer.address());
    }
  }

  private LinkException lie() {
    lied = true;
    return Fault.MALFORMED.with(
        peer.address(), "PROTOCOL_ERROR", "a position in the shared memory that cannot be");
  }

  private LinkException failure(String operation, int errno) {
    return Fault.LINK_FAILED.with(peer.address(), operation, Errno.describe(errno));
  }
}
