package dev.samehost.transport.posix;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import java.nio.ByteBuffer;

/**
 * A link over one descriptor (a socket) or two (a pair of pipes), which it owns. It knows nothing
 * of how they came about, and never changes the mode of a descriptor.
 *
 * <p>Whoever reads, writes or awaits is known to a gate, so that a close from another thread wakes
 * the sleeper and frees the descriptors when nobody uses them.
 */
public final class FdLink implements Link {
  private static final int READABLE = Os.POLLIN | Os.POLLHUP | Os.POLLERR | Os.POLLNVAL;
  private static final int WRITABLE = Os.POLLOUT | Os.POLLHUP | Os.POLLERR | Os.POLLNVAL;

  private final Fd input;
  private final Fd sink;
  private final Access sinkAccess;
  private final Peer peer;
  private final Wakeup wakeup;
  private final Gate gate = new Gate();
  private final InterruptHook interruptHook = new InterruptHook(this::wake);
  private final String medium;
  private final Spin spin = new Spin(1);

  // Of the reader.
  private final Source source;
  private final Poll poll = new Poll();

  // Of the writer.
  private final NativeBytes outgoing = new NativeBytes();

  private FdLink(
      Fd input,
      Access inputAccess,
      Fd sink,
      Access sinkAccess,
      Peer peer,
      ByteBuffer first,
      String medium)
      throws SystemCallException {
    this.medium = medium;
    this.input = input;
    this.source = new Source(input, inputAccess, first);
    this.sink = sink;
    this.sinkAccess = sinkAccess;
    this.peer = peer;
    this.wakeup = new Wakeup();
  }

  /**
   * A link over a connected socket.
   *
   * @param first bytes that were read from it already; reading gives them first
   * @throws SystemCallException when there are no descriptors left; the socket is then not closed
   */
  public static FdLink overSocket(Fd socket, Peer peer, ByteBuffer first)
      throws SystemCallException {
    return overSocket(socket, peer, first, "");
  }

  /**
   * A link over a connected socket, with what is to be said of how it carries its bytes.
   *
   * @throws SystemCallException when there are no descriptors left; the socket is then not closed
   */
  public static FdLink overSocket(Fd socket, Peer peer, ByteBuffer first, String medium)
      throws SystemCallException {
    Access.SOCKET.prepare(socket.number());
    return new FdLink(socket, Access.SOCKET, socket, Access.SOCKET, peer, first, medium);
  }

  /**
   * A link that reads one descriptor and writes another one.
   *
   * @throws SystemCallException when there are no descriptors left; the given are then not closed
   */
  public static FdLink over(Fd source, Access sourceAccess, Fd sink, Access sinkAccess, Peer peer)
      throws SystemCallException {
    return over(source, sourceAccess, sink, sinkAccess, peer, ByteBuffer.allocate(0));
  }

  /**
   * The same.
   *
   * @param first bytes that were read from the source already; reading gives them first
   */
  public static FdLink over(
      Fd source, Access sourceAccess, Fd sink, Access sinkAccess, Peer peer, ByteBuffer first)
      throws SystemCallException {
    return new FdLink(source, sourceAccess, sink, sinkAccess, peer, first, "");
  }

  /**
   * A link that only reads: its sink is its source, and writing fails.
   *
   * @throws SystemCallException when there are no descriptors left; the given is then not closed
   */
  public static FdLink toRead(Fd source, Access access, Peer peer) throws SystemCallException {
    return over(source, access, source, access, peer);
  }

  @Override
  public int read(ByteBuffer destination) throws LinkException {
    take(gate.reader());
    try {
      return source.read(destination);
    } catch (SystemCallException e) {
      throw failure("read", e.errno());
    } finally {
      gate.reader().leave();
    }
  }

  @Override
  public int write(ByteBuffer source) throws LinkException {
    take(gate.writer());
    try {
      int position = source.position();
      long count;
      if (source.isDirect()) {
        count = write(outgoing.addressOf(source), source.remaining());
      } else {
        ByteBuffer scratch = outgoing.scratch(source.remaining());
        long address = outgoing.addressOf(scratch);
        scratch.put(0, source, position, scratch.remaining());
        count = write(address, scratch.remaining());
      }
      source.position(position + (int) count);
      return (int) count;
    } finally {
      gate.writer().leave();
    }
  }

  private long write(long address, int count) throws LinkException {
    while (true) {
      long result = sinkAccess.write(sink.number(), address, count);
      if (result >= 0) {
        return result;
      }
      if (result == Access.NOT_READY) {
        return 0;
      }
      int errno = Errno.last();
      if (Errno.EAGAIN.is(errno)) {
        return 0;
      }
      if (!Errno.EINTR.is(errno)) {
        throw failure("write", errno);
      }
    }
  }

  @Override
  public int await(int interest, long timeoutNanos) throws LinkException {
    take(gate.reader());
    try {
      boolean given = (interest & READ) != 0 && source.isReady();
      int ready = given ? poll(interest, 0) | READ : spin(interest, timeoutNanos);
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

  /** Looks for a short while, if that was of use lately; leaves a wake to whoever sleeps then. */
  private int spin(int interest, long timeoutNanos) throws LinkException {
    if (interest == 0 || timeoutNanos == 0 || !spin.begin(timeoutNanos)) {
      return 0;
    }
    boolean looks = interest == READ && source.canLook();
    int ready = 0;
    try {
      do {
        ready = !looks ? poll(interest, 0) : source.look() ? READ : 0;
      } while (ready == 0 && !wakeup.isSet() && spin.goesOn());
    } finally {
      spin.end(ready != 0);
    }
    return ready;
  }

  private int sleep(int interest, long timeoutNanos) throws LinkException {
    long begin = spin.beginsSleep();
    int ready;
    interruptHook.enter();
    try {
      ready = poll(interest, timeoutNanos);
      if (poll.ready(2) != 0) {
        wakeup.reset();
      }
    } finally {
      interruptHook.exit();
    }
    spin.slept(begin, ready != 0);
    return ready;
  }

  private int poll(int interest, long timeoutNanos) throws LinkException {
    boolean reads = (interest & READ) != 0;
    boolean writes = (interest & WRITE) != 0;
    poll.set(0, input.number(), reads ? Os.POLLIN : 0);
    poll.set(1, sink.number(), writes ? Os.POLLOUT : 0);
    poll.set(2, wakeup.number(), Os.POLLIN);
    if (poll.run(timeoutNanos) < 0) {
      int errno = Errno.last();
      if (Errno.EINTR.is(errno)) {
        return 0;
      }
      throw failure("poll", errno);
    }
    int ready = 0;
    if (reads && (poll.ready(0) & READABLE) != 0) {
      ready |= READ;
    }
    if (writes && (poll.ready(1) & WRITABLE) != 0) {
      ready |= WRITE;
    }
    return ready;
  }

  @Override
  public boolean watch(Runnable ready) {
    if (!gate.enter()) {
      return false;
    }
    try {
      if (!IdleWatch.watch(input.number(), ready)) {
        return false;
      }
      if (source.isReady()) {
        ready.run(); // the descriptor knows nothing of these
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
  public void rest() {
    source.rest();
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
    if (gate.close()) {
      wakeup.set();
      gate.awaitEmpty();
      IdleWatch.forget(input.number());
      input.close();
      sink.close();
      wakeup.close();
    }
  }

  private void take(Gate.Seat seat) throws LinkException {
    if (!seat.take()) {
      throw Fault.LINK_CLOSED.with(peer.address());
    }
  }

  private LinkException failure(String operation, int errno) {
    return Fault.LINK_FAILED.with(peer.address(), operation, Errno.describe(errno));
  }
}
