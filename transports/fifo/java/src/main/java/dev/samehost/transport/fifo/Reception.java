package dev.samehost.transport.fifo;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener.Acceptor;
import dev.samehost.transport.Listener.FirstBytes;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Fifos;
import dev.samehost.transport.posix.Inode;
import dev.samehost.transport.posix.Poll;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.posix.Wakeup;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listener's thread: it reads records, opens the pipes that they name, answers, and hears what
 * clients say first. It polls the rendezvous and all who are awaited, so that one silent client
 * holds up no other.
 *
 * <pre>
 *   a client                                     this
 *   makes .NAME.*.up and .down
 *   opens down to read
 *   writes the record  ------ rendezvous -----&gt;  opens up to read, then down to write
 *                      &lt;--------- down --------  answers: one byte
 *   opens up to write, removes both names
 *   says its first bytes -------- up ---------&gt;  hears them; removes the names if they are still there
 * </pre>
 */
final class Reception extends Thread {
  private static final Logger LOG = LoggerFactory.getLogger(Reception.class);

  /** So many visitors are let in at a time; the records of further ones wait in the rendezvous. */
  private static final int MOST_VISITORS = 1024;

  /** So many records and reads follow each other, for one who never stops must hold up nobody. */
  private static final int TAKES = 64;

  /** How long leftovers may lie until the next client's coming is used to look for them. */
  private static final long SWEEP_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final byte[] ANSWER = {Names.ANSWER};

  private final Place place;
  private final Rendezvous rendezvous;
  private final long patienceNanos;
  private final Acceptor acceptor;
  private final Wakeup wakeup;
  private final Lines lines = new Lines();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
  private final List<Visitor> visitors = new ArrayList<>();
  private Poll poll = new Poll(16);
  private int pollSize = 16;
  private long swept = System.nanoTime();
  private boolean stopped;
  private boolean over;

  Reception(Place place, Rendezvous rendezvous, long patienceNanos, Acceptor acceptor)
      throws SystemCallException {
    super("samehost-fifo-accept");
    setDaemon(true);
    this.place = place;
    this.rendezvous = rendezvous;
    this.patienceNanos = patienceNanos;
    this.acceptor = acceptor;
    this.wakeup = new Wakeup();
    Leftovers.sweep(place, this::isUsed);
  }

  /** Lets the thread end. May be repeated, and from any thread. */
  synchronized void halt() {
    stopped = true;
    if (!over) {
      wakeup.set();
    }
  }

  private synchronized boolean isStopped() {
    return stopped;
  }

  private synchronized void end() {
    over = true;
    wakeup.close();
  }

  @Override
  public void run() {
    LinkException failure = null;
    try {
      while (!isStopped()) {
        turn();
      }
    } catch (SystemCallException e) {
      failure = e.fault(Fault.LISTEN_FAILED, place.address());
    } catch (RuntimeException | Error e) {
      failure = Fault.LISTEN_FAILED.causedBy(e, place.address(), "accept", e);
    } finally {
      visitors.forEach(Visitor::close);
      rendezvous.close();
      end();
    }
    visitors.stream().map(Visitor::refusal).flatMap(Optional::stream).forEach(acceptor::refused);
    if (failure != null) {
      rendezvous.unpublish();
      acceptor.ended(failure);
    }
  }

  private void turn() throws SystemCallException {
    boolean accepting = visitors.size() < MOST_VISITORS;
    int size = 2 + 2 * visitors.size();
    if (size > pollSize) {
      pollSize = 2 * size;
      poll = new Poll(pollSize);
    }
    poll.set(0, wakeup.number(), Poll.READABLE);
    poll.set(1, rendezvous.fifo().number(), accepting ? Poll.READABLE : 0);
    boolean more = accepting && lines.hasNext();
    long timeout = more ? 0 : Long.MAX_VALUE;
    int index = 2;
    for (Visitor visitor : visitors) {
      poll.set(index++, visitor.input(), Poll.READABLE);
      poll.setForFailures(index++, visitor.output());
      timeout = Math.min(timeout, Math.max(0, visitor.leftNanos()));
    }
    while (index < pollSize) {
      poll.set(index++, -1, 0);
    }
    if (poll.run(timeout) < 0 && !Errno.EINTR.is(Errno.last())) {
      throw new SystemCallException("poll", Errno.last());
    }
    boolean somebody = more || poll.ready(1) != 0;
    index = 2;
    List<Visitor> staying = new ArrayList<>();
    for (Visitor visitor : visitors) {
      boolean heard = poll.ready(index++) != 0;
      boolean gone = poll.ready(index++) != 0;
      if (!isOver(visitor, heard, gone)) {
        staying.add(visitor);
      }
    }
    visitors.clear();
    visitors.addAll(staying);
    if (somebody && !isStopped()) {
      receive();
    }
  }

  private boolean isOver(Visitor visitor, boolean heard, boolean gone) {
    try {
      return visitor.advance(heard, gone);
    } catch (RuntimeException e) {
      LOG.warn("{}: a connection failed before it was accepted", place.address(), e);
      visitor.close();
      return true;
    }
  }

  private void receive() throws SystemCallException {
    for (int i = 0; i < TAKES && visitors.size() < MOST_VISITORS; i++) {
      Lines.Line line = lines.next();
      if (line != null) {
        receive(line);
        continue;
      }
      if (Fifos.read(rendezvous.fifo(), buffer.clear()) < 0) {
        return;
      }
      lines.add(buffer.flip());
    }
  }

  private void receive(Lines.Line line) {
    try {
      Names names = Names.read(place.name(), line.bytes()).orElse(null);
      if (names == null || !line.whole()) {
        String shown = FirstBytes.show(line.bytes());
        refuse("its record is malformed, it begins with " + shown);
        return;
      }
      letIn(names);
    } catch (NamedPair.Objection e) {
      refuse(e.getMessage());
    } catch (SystemCallException e) {
      acceptor.refused(NamedPair.isGone(e) ? gone() : e.fault(Fault.LINK_FAILED, place.address()));
    }
    if (System.nanoTime() - swept > SWEEP_NANOS) {
      Leftovers.sweep(place, this::isUsed);
      swept = System.nanoTime();
    }
  }

  private void letIn(Names names) throws SystemCallException, NamedPair.Objection {
    NamedPair pair = NamedPair.find(place, names);
    if (pair == null) {
      acceptor.refused(gone());
      return;
    }
    if (visitors.stream().anyMatch(one -> one.pair().shares(pair))) {
      // Its names are the other one's to remove.
      throw pair.inUse();
    }
    Fd up = null;
    Fd down = null;
    try {
      up = pair.openUp(Fifos.READ);
      down = pair.openDown(Fifos.WRITE);
      boolean unused = Fifos.write(down, ANSWER);
      visitors.add(new Visitor(place, acceptor, patienceNanos, pair, up, down));
      up = null;
      down = null;
    } catch (SystemCallException e) {
      pair.close();
      throw e;
    } finally {
      if (up != null) {
        up.close();
      }
      if (down != null) {
        down.close();
      }
    }
  }

  private boolean isUsed(Inode fifo) {
    return visitors.stream().anyMatch(one -> one.pair().has(fifo));
  }

  private LinkException gone() {
    return Fault.PEER_GONE_BEFORE_HELLO.with(place.address());
  }

  private void refuse(String reason) {
    acceptor.refused(Fault.CLIENT_REFUSED.with(place.address(), reason));
  }
}
