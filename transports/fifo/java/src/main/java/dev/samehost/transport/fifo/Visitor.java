package dev.samehost.transport.fifo;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener.Acceptor;
import dev.samehost.transport.Listener.FirstBytes;
import dev.samehost.transport.posix.Access;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.FdLink;
import dev.samehost.transport.posix.Fifos;
import dev.samehost.transport.posix.SystemCallException;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A connection that was answered and that the acceptor has not taken. It reads what comes, keeps it
 * for the link, and never waits.
 *
 * <pre>
 *               NO, too many bytes, time over
 *   JUDGING -----------------------------------> TURNED_AWAY ---> closed, refused()
 *      |  \                                       farewell, then at most a second
 *      |   `-- the peer has gone ---> refused()   for the peer to read it
 *      | YES
 *      v
 *   a link, accepted()
 * </pre>
 */
final class Visitor implements AutoCloseable {
  /** More first bytes than anyone needs to be told from others. */
  private static final int JUDGED_BYTES = 4096;

  private static final long FAREWELL_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Place place;
  private final Acceptor acceptor;
  private final long patienceNanos;
  private final NamedPair pair;
  private final ByteArrayOutputStream first = new ByteArrayOutputStream();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(512);
  private Fd up;

  /** Null when all was said. */
  private Fd down;

  private long start = System.nanoTime();

  /** Why it was turned away; null while it is judged. */
  private LinkException refusal;

  Visitor(Place place, Acceptor acceptor, long patienceNanos, NamedPair pair, Fd up, Fd down) {
    this.place = place;
    this.acceptor = acceptor;
    this.patienceNanos = patienceNanos;
    this.pair = pair;
    this.up = up;
    this.down = down;
  }

  /** Becomes readable when the client has said something, or has gone. */
  int input() {
    return up.number();
  }

  /** Shows a failure when the client has gone before it could say anything; -1 when of no use. */
  int output() {
    return down == null ? -1 : down.number();
  }

  NamedPair pair() {
    return pair;
  }

  long leftNanos() {
    long whole = refusal == null ? patienceNanos : FAREWELL_NANOS;
    return whole - (System.nanoTime() - start);
  }

  /**
   * Goes on.
   *
   * @param heard whether it can be read
   * @param gone whether nobody hears what is said to it
   * @return whether it is over with it: it is then closed or a link
   */
  boolean advance(boolean heard, boolean gone) {
    boolean over = (heard || gone) && read(gone);
    if (!over && leftNanos() <= 0) {
      return late();
    }
    return over;
  }

  private boolean read(boolean gone) {
    int count;
    try {
      count = Fifos.read(up, buffer.clear());
    } catch (SystemCallException e) {
      return refuse(e.fault(Fault.LINK_FAILED, place.address()));
    }
    if (refusal != null) {
      return count == 0 && refuse(refusal);
    }
    if (count == 0 || (count < 0 && gone)) {
      return refuse(fault(Fault.PEER_GONE_BEFORE_HELLO.with(place.address())));
    }
    byte[] bytes = new byte[buffer.flip().remaining()];
    buffer.get(bytes);
    first.writeBytes(bytes);
    return count > 0 && judge();
  }

  private boolean judge() {
    FirstBytes answer = acceptor.judge(seen());
    if (answer == FirstBytes.YES) {
      return leave();
    }
    if (answer == FirstBytes.NO || first.size() >= JUDGED_BYTES) {
      turnAway(acceptor.faultOf(place.address().toString(), seen()));
    }
    return false;
  }

  private ByteBuffer seen() {
    return ByteBuffer.wrap(first.toByteArray()).asReadOnlyBuffer();
  }

  private boolean leave() {
    pair.close();
    Link link;
    try {
      link =
          FdLink.over(
              up,
              Access.NON_BLOCKING,
              down,
              Access.NON_BLOCKING,
              place.peer(),
              ByteBuffer.wrap(first.toByteArray()));
    } catch (SystemCallException e) {
      return refuse(e.fault(Fault.LINK_FAILED, place.address()));
    }
    up = null;
    down = null;
    acceptor.accepted(link, seen());
    return true;
  }

  private boolean late() {
    if (refusal != null) {
      return refuse(refusal);
    }
    String seconds = BigDecimal.valueOf(patienceNanos, 9).stripTrailingZeros().toPlainString();
    turnAway(fault(Fault.PEER_SILENT.with(place.address(), seconds)));
    return false;
  }

  /** The fault that its bytes have, if there are any. */
  private LinkException fault(LinkException withoutBytes) {
    return first.size() > 0 ? acceptor.faultOf(place.address().toString(), seen()) : withoutBytes;
  }

  private void turnAway(LinkException why) {
    refusal = why;
    start = System.nanoTime();
    ByteBuffer farewell = acceptor.farewell(why);
    byte[] bytes = new byte[farewell.remaining()];
    farewell.get(bytes);
    try {
      // The pipe is empty, so that a farewell fits.
      boolean unused = Fifos.write(down, bytes);
    } catch (SystemCallException e) {
      // One who has gone misses it, which is seen when it is read.
    }
    down.close();
    down = null;
  }

  private boolean refuse(LinkException why) {
    close();
    acceptor.refused(why);
    return true;
  }

  /** Why it was turned away, if it was. */
  Optional<LinkException> refusal() {
    return Optional.ofNullable(refusal);
  }

  @Override
  public void close() {
    pair.close();
    if (up != null) {
      up.close();
    }
    if (down != null) {
      down.close();
    }
  }
}
