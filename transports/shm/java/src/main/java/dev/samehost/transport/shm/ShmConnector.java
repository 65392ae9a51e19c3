package dev.samehost.transport.shm;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.FdLink;
import dev.samehost.transport.posix.Poll;
import dev.samehost.transport.posix.Rights;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.reception.Answer;
import dev.samehost.transport.reception.Offer;
import dev.samehost.transport.unix.UnixConnector;
import dev.samehost.transport.unix.UnixConnector.Dialed;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects to a Unix socket and offers to go on in shared memory. Without an answer that can be
 * used it goes on over the socket, unless it is strict.
 */
final class ShmConnector implements Connector {
  private static final Logger LOG = LoggerFactory.getLogger(ShmConnector.class);

  /** Between two slices of a wait a {@link #close} is seen. */
  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** More than the longest answer. */
  private static final int ANSWER_BYTES = 2048;

  private final Address address;
  private final UnixConnector socket;
  private final int ringBytes;
  private final boolean isStrict;

  /** That there is no shared memory was said in the log. */
  private final AtomicBoolean said = new AtomicBoolean();

  ShmConnector(Address address, UnixConnector socket, TransportOptions options) {
    this.address = address;
    this.socket = socket;
    this.ringBytes = options.get(ShmOptions.RING_BYTES);
    this.isStrict = options.get(ShmOptions.STRICT);
  }

  @Override
  public Link connect(long timeoutNanos) throws LinkException {
    long begin = System.nanoTime();
    Dialed dialed = socket.dial(timeoutNanos);
    long left = Math.max(1_000_000, timeoutNanos - (System.nanoTime() - begin));
    List<Fd> received = new ArrayList<>();
    // What is in here is closed at the end; a link takes out what it needs.
    List<Fd> owned = new ArrayList<>(List.of(dialed.socket()));
    try {
      say(dialed.socket(), new Offer(Offer.VERSION, ringBytes).encode());
      ByteBuffer bytes = ByteBuffer.allocateDirect(ANSWER_BYTES);
      Answer answer = hear(dialed.socket(), Math.min(left, helloTimeoutNanos()), bytes, received);
      Link link =
          answer == null
              // Whoever speaks the wire above names what this is.
              ? FdLink.overSocket(dialed.socket(), dialed.peer(), bytes)
              : agree(dialed, answer, received);
      owned.clear();
      return link;
    } catch (SystemCallException e) {
      throw e.fault(Fault.CONNECT_FAILED, address);
    } finally {
      received.forEach(Fd::close);
      owned.forEach(Fd::close);
    }
  }

  /** Reads the server's answer; null when it is something else, which is then in the buffer. */
  private Answer hear(Fd from, long patienceNanos, ByteBuffer bytes, List<Fd> received)
      throws LinkException, SystemCallException {
    long begin = System.nanoTime();
    while (true) {
      int count = Rights.receive(from.number(), bytes, received);
      Answer.Decoded decoded = Answer.decode(bytes.duplicate().flip());
      if (decoded.kind() == Answer.Kind.WHOLE) {
        return decoded.answer();
      }
      if (count < 0 || decoded.kind() == Answer.Kind.NONSENSE) {
        bytes.flip();
        return null;
      }
      if (count == 0) {
        pause(from, begin, patienceNanos);
      }
    }
  }

  private void pause(Fd from, long begin, long patienceNanos)
      throws LinkException, SystemCallException {
    long left = patienceNanos - (System.nanoTime() - begin);
    if (left <= 0) {
      BigDecimal seconds = BigDecimal.valueOf(patienceNanos, 9).stripTrailingZeros();
      throw Fault.PEER_SILENT.with(address, seconds.toPlainString());
    }
    Poll poll = new Poll();
    poll.set(0, from.number(), Poll.READABLE);
    // What it answers is seen by the next look, also when it failed.
    int ignored = poll.run(Math.min(left, SLICE_NANOS));
    socket.checkOpen();
  }

  /** Takes the memory, or goes on over the socket. */
  private Link agree(Dialed dialed, Answer answer, List<Fd> received)
      throws LinkException, SystemCallException {
    if (!answer.isAccepted()) {
      return overSocket(dialed, answer.reason());
    }
    Region region;
    try {
      region = adopt(answer, received);
    } catch (Region.UnusableException e) {
      say(dialed.socket(), verdict(Offer.NAK));
      return overSocket(dialed, e.getMessage());
    }
    try {
      say(dialed.socket(), verdict(Offer.ACK));
      Link link =
          new ShmLink(Side.CONNECTOR, region, dialed.socket(), received.get(1), dialed.peer());
      received.remove(1);
      region = null;
      return link;
    } finally {
      if (region != null) {
        region.close();
      }
    }
  }

  private static Region adopt(Answer answer, List<Fd> received) throws Region.UnusableException {
    if (received.size() != 2) {
      throw new Region.UnusableException("did not come with the answer");
    }
    return Region.adopt(received.get(0), answer.ringBytes());
  }

  private Link overSocket(Dialed dialed, String reason) throws LinkException, SystemCallException {
    if (isStrict) {
      throw Fault.SHM_STRICT.with(address, reason);
    }
    String text = Fault.SHM_FALLBACK.text(address, reason);
    if (said.compareAndSet(false, true)) {
      LOG.warn("{}", text);
    }
    return FdLink.overSocket(dialed.socket(), dialed.peer(), ByteBuffer.allocate(0), text);
  }

  private static ByteBuffer verdict(byte verdict) {
    return ByteBuffer.allocateDirect(1).put(0, verdict);
  }

  /** Sends a few bytes on a new connection, for which there is room. */
  private static void say(Fd to, ByteBuffer bytes) throws SystemCallException {
    try {
      Rights.send(to.number(), bytes);
    } catch (SystemCallException e) {
      // It has gone, and what it said before is read first.
      if (!Errno.EPIPE.is(e.errno()) && !Errno.ECONNRESET.is(e.errno())) {
        throw e;
      }
    }
  }

  @Override
  public long helloTimeoutNanos() {
    return socket.helloTimeoutNanos();
  }

  @Override
  public void close() {
    socket.close();
  }
}
