package dev.samehost.call;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Drives a {@link Connection} over a {@link Link}: holds its lock, moves its bytes, and hands its
 * events to the inboxes of the calls. It runs no listener, and waits only in {@link #read}.
 *
 * <p>Every action takes the lock, acts, takes the events that follow, writes what the link takes,
 * and gives back what is to be done once all locks are released ({@link #act}). What the link does
 * not take is written by whoever reads it.
 */
final class Driver {
  /** Whoever owns a connection. Told outside the lock; must not wait. */
  interface Owner {
    /** HELLO has arrived: calls may be opened. */
    void ready(Driver driver);

    /** Where the peer's calls are served. */
    Executor executor();

    /** Serves a call that the peer opened: the first task of its callbacks, on the executor. */
    void serve(ServerStream stream);

    /** No more calls can be opened, though those that are open go on. */
    void draining(Driver driver);

    /** A call of this side's that was not opened and has to look for another connection. */
    void unopened(ClientStream stream);

    /** Over, its link closed. The fault is null when nothing was lost. */
    void closed(Driver driver, LinkException fault);
  }

  private static final int READ_BYTES = 64 << 10;
  private static final int READS_IN_A_ROW = 16;

  private final Link link;
  private final Owner owner;
  private final ReaderRole role = new ReaderRole();
  private final BackgroundReader background;
  private final ReentrantLock lock = new ReentrantLock();
  private final ByteBuffer inbound = ByteBuffer.allocateDirect(READ_BYTES); // of the reader

  // Under the lock.
  private final Connection connection;
  private final ArrayDeque<ClientStream> waiting = new ArrayDeque<>();
  private final List<ClientStream> lost = new ArrayList<>();
  private final List<ServerStream> orphans = new ArrayList<>();
  private final Set<ServerStream> served = new HashSet<>();
  private List<Runnable> later = new ArrayList<>();
  private boolean opening;
  private long bytesSent;

  // Written under the lock, read anywhere.
  private volatile int unattended;
  private volatile boolean wantsWrite;
  private volatile LinkException writeFailure;
  private volatile boolean helloArrived;
  private volatile boolean draining;
  private volatile boolean over;
  private volatile Object attachment;

  /** The thread that sleeps in the link or is about to, having looked at {@link #wantsWrite}. */
  private volatile Thread reader;

  Driver(Link link, Side side, Settings settings, long helloTimeoutNanos, Owner owner) {
    this.link = link;
    this.owner = owner;
    this.connection = new Connection(side, settings);
    this.background = new BackgroundReader(this, helloTimeoutNanos);
  }

  // ---- queries, from any thread

  Link link() {
    return link;
  }

  /** Whatever the owner keeps with the connection. */
  Object attachment() {
    return attachment;
  }

  void attach(Object object) {
    attachment = object;
  }

  ReaderRole role() {
    return role;
  }

  BackgroundReader background() {
    return background;
  }

  /** Whether HELLO has arrived. */
  boolean helloArrived() {
    return helloArrived;
  }

  /** Whether the connection has ended; its calls are told soon. */
  boolean isOver() {
    return over;
  }

  /** Whether no caller should read any more: the background reader sees to the end. */
  boolean isEnding() {
    return over || writeFailure != null;
  }

  /** Whether it takes no more calls. */
  boolean isDraining() {
    return draining || over;
  }

  /** Whether somebody waits for something that only a reader brings, and does not read himself. */
  boolean needsReader() {
    return unattended > 0 || wantsWrite || isEnding();
  }

  /** The peer's HELLO; null before it. */
  Hello peerHello() {
    lock.lock();
    try {
      return connection.peerHello();
    } finally {
      lock.unlock();
    }
  }

  /** Whether a stream takes a message without queueing more than it should. */
  boolean isReady(Stream stream) {
    lock.lock();
    try {
      return connection.isReady(stream);
    } finally {
      lock.unlock();
    }
  }

  // ---- actions

  /** An action on the connection, under the lock. */
  interface Action {
    void on(Connection connection);
  }

  /**
   * Acts, and writes what comes of it.
   *
   * @return what is left to do for {@link #run}, once the caller has released its own locks
   */
  List<Runnable> act(Action action) {
    List<Runnable> left;
    lock.lock();
    try {
      action.on(connection);
      settle();
      left = later;
      if (!left.isEmpty()) {
        later = new ArrayList<>();
        return left;
      }
    } finally {
      lock.unlock();
    }
    ensureReader();
    return List.of();
  }

  /** Does what {@link #act} left. No lock may be held. */
  void run(List<Runnable> left) {
    if (!left.isEmpty()) {
      for (Runnable task : left) {
        task.run();
      }
      ensureReader();
    }
  }

  private void ensureReader() {
    if (needsReader() && role.holder() == ReaderRole.Holder.FREE) {
      background.unpark();
    }
  }

  /** Takes no new calls, and closes the link when the open ones are over. */
  void goAway(String text) {
    run(act(c -> c.goAway(text)));
  }

  /** Ends the connection and every call on it. */
  void fail(GoAwayCode code, String text, LinkException fault) {
    run(act(c -> c.fail(code, text, fault)));
  }

  /** Ends every call that the peer opened, then the connection. */
  void abortAll(LinkException why) {
    List<ServerStream> serving;
    lock.lock();
    try {
      serving = List.copyOf(served);
    } finally {
      lock.unlock();
    }
    for (ServerStream stream : serving) {
      stream.abort(why.code(), why.getMessage());
    }
    fail(GoAwayCode.NO_ERROR, why.getMessage(), why);
  }

  /** A fault of this side's own: the connection cannot go on. */
  void giveUp(Throwable cause) {
    String text = "a fault of its own";
    LinkException fault =
        Fault.LINK_FAILED.causedBy(cause, link.peer().address(), "reading", cause);
    fail(GoAwayCode.INTERNAL_ERROR, text, fault);
  }

  /** HELLO has not come in time. */
  void helloTimeout(long seconds) {
    run(act(c -> c.helloTimeout(seconds)));
  }

  // ---- under the lock, for the streams

  /** The call opens once the peer takes one more. */
  void await(ClientStream stream) {
    waiting.add(stream);
  }

  /** No longer waits to be opened. */
  void forget(ClientStream stream) {
    waiting.remove(stream);
  }

  /** Something to do when the lock is released. */
  void afterwards(Runnable task) {
    later.add(task);
  }

  /** A call that the peer opened is over. */
  void served(ServerStream stream) {
    served.remove(stream);
    attend(-1);
  }

  /** Puts an event into an callbacks. */
  void deliver(Callbacks callbacks, Runnable task) {
    if (callbacks.add(task)) {
      later.add(callbacks::start);
    }
  }

  /** A stream opened whose events nobody waits for by reading. */
  void attend(int change) {
    int count = unattended + change;
    unattended = count;
  }

  /** How many bytes of this connection will have gone out before what is queued now. */
  long bytesAhead() {
    return bytesSent + connection.outbound().remaining();
  }

  // ---- reading, by the holder of the role

  /** Waits for the link, at most so long, and takes what it has. */
  void read(long timeoutNanos) {
    reader = Thread.currentThread();
    try {
      int interest = wantsWrite && writeFailure == null ? Link.READ | Link.WRITE : Link.READ;
      int ready = link.await(interest, Math.max(0, timeoutNanos));
      if ((ready & Link.WRITE) != 0) {
        wantsWrite = false;
        run(act(c -> {}));
      }
      if ((ready & Link.READ) != 0) {
        readAll();
      }
    } catch (LinkException e) {
      run(act(c -> c.linkFailed(writeFailure == null ? e : writeFailure)));
    } finally {
      reader = null;
    }
  }

  private void readAll() throws LinkException {
    for (int i = 0; i < READS_IN_A_ROW && !over; i++) {
      inbound.clear();
      int count = link.read(inbound);
      boolean full = !inbound.hasRemaining();
      if (count < 0) {
        run(act(Connection::receiveEnd));
        return;
      }
      if (count == 0) {
        return;
      }
      inbound.flip();
      run(act(c -> c.receive(inbound)));
      if (!full) {
        return;
      }
    }
  }

  /** Somebody who is not the reader wants it to look up. */
  void wakeReader() {
    link.wake();
  }

  /** A caller has become a follower: the background reader hands over, if it is the one. */
  void stealFromBackground() {
    if (role.holder() == ReaderRole.Holder.BACKGROUND) {
      link.wake();
    }
  }

  void releaseAsCaller() {
    role.releaseAsCaller();
    if (role.holder() == ReaderRole.Holder.FREE && (needsReader() || background.isResting())) {
      background.unpark();
    }
  }

  // ---- events and bytes, under the lock

  /** Routes events and writes until neither brings anything new. */
  private void settle() {
    do {
      Event event;
      while ((event = connection.nextEvent()) != null) {
        route(event);
      }
    } while (write());
    if (!opening && !waiting.isEmpty() && connection.canOpen()) {
      opening = true;
      afterwards(this::openWaiting);
    }
  }

  private void route(Event event) {
    if (event instanceof Event.Message message) {
      stream(message.stream()).message(this, message);
    } else if (event instanceof Event.Status status) {
      stream(status.stream()).status(this, status);
    } else if (event instanceof Event.Headers headers) {
      stream(headers.stream()).headers(this, headers);
    } else if (event instanceof Event.Opened opened) {
      ServerStream stream = new ServerStream(this, opened, owner.executor());
      opened.stream().attachment = stream;
      served.add(stream);
      attend(1);
      deliver(stream.callbacks(), () -> owner.serve(stream));
    } else if (event instanceof Event.HalfClosed closed) {
      stream(closed.stream()).halfClosed(this);
    } else if (event instanceof Event.Finished finished) {
      stream(finished.stream()).finished(this);
    } else if (event instanceof Event.Ready ready) {
      stream(ready.stream()).ready(this);
    } else if (event instanceof Event.Reset reset) {
      reset(reset);
    } else {
      routeOfConnection(event);
    }
  }

  private static StreamEvents stream(Stream stream) {
    return (StreamEvents) stream.attachment;
  }

  private void reset(Event.Reset reset) {
    if (reset.cause() != Event.Cause.CONNECTION) {
      stream(reset.stream()).reset(this, reset);
    } else if (reset.stream().attachment instanceof ClientStream stream) {
      // Only the transport may know why; it is asked when no lock is held.
      stream.ended(this);
      lost.add(stream);
    } else if (reset.stream().attachment instanceof ServerStream stream) {
      orphans.add(stream);
    }
  }

  private void routeOfConnection(Event event) {
    if (event instanceof Event.HelloReceived hello) {
      helloArrived = true;
      link.peerSaidHello(hello.peer().pid(), hello.peer().pidNamespace());
      afterwards(() -> owner.ready(this));
    } else if (event instanceof Event.GoAway) {
      drain();
    } else if (event instanceof Event.Closed) {
      over = true;
      drain();
      afterwards(this::wakeAll);
    }
  }

  private void drain() {
    if (!draining) {
      draining = true;
      afterwards(() -> owner.draining(this));
    }
    for (ClientStream stream : waiting) {
      afterwards(() -> owner.unopened(stream));
    }
    waiting.clear();
  }

  /**
   * Opens calls that waited, while there is room, by a loop: one opening must not nest the next.
   */
  private void openWaiting() {
    ClientStream next;
    while ((next = nextToOpen()) != null) {
      next.bind(this);
    }
  }

  private ClientStream nextToOpen() {
    lock.lock();
    try {
      opening = !waiting.isEmpty() && connection.canOpen();
      return opening ? waiting.poll() : null;
    } finally {
      lock.unlock();
    }
  }

  private void wakeAll() {
    background.unpark();
    link.wake();
  }

  /** Writes what the link takes; whether it took anything. */
  private boolean write() {
    if (wantsWrite || writeFailure != null || !connection.hasOutbound()) {
      return false;
    }
    boolean any = false;
    try {
      while (connection.hasOutbound()) {
        int count = link.write(connection.outbound());
        if (count == 0) {
          wantsWrite = true;
          wakeForWriting();
          break;
        }
        any = true;
        bytesSent += count;
        connection.sent(count);
      }
    } catch (LinkException e) {
      // The peer's last words may still be there to be read; the background reader gives up soon.
      writeFailure = e;
      afterwards(this::wakeAll);
    }
    return any;
  }

  private void wakeForWriting() {
    // Whoever sleeps in the link must now wait for room as well.
    Thread sleeper = reader;
    if (sleeper != null && sleeper != Thread.currentThread()) {
      link.wake();
    }
  }

  /** A write has failed and the peer has not ended its side since: why, or null. */
  LinkException writeFailure() {
    return writeFailure;
  }

  // ---- the end, by the background reader, which holds the role for good

  /** Writes the last words, closes the link, and tells all calls why. */
  void finish() {
    LinkException fault = connection.fault();
    lastWords();
    if (fault != null) {
      fault = explain(fault);
    }
    link.close();
    List<ClientStream> calls;
    List<ServerStream> handlers;
    long sent;
    lock.lock();
    try {
      calls = List.copyOf(lost);
      handlers = List.copyOf(orphans);
      sent = bytesSent;
    } finally {
      lock.unlock();
    }
    LinkException why = fault != null ? fault : Fault.LINK_CLOSED.with(link.peer().address());
    owner.closed(this, fault);
    for (ServerStream handler : handlers) {
      handler.lost(why);
    }
    for (ClientStream call : calls) {
      call.lost(why, sent);
    }
  }

  private LinkException explain(LinkException fault) {
    if (helloArrived) {
      return link.explain(fault);
    }
    return link.explainSilence(fault, connection.skipped(), connection.skippedBytes());
  }

  private void lastWords() {
    long until = System.nanoTime() + BackgroundReader.LAST_WORDS_NANOS;
    try {
      while (true) {
        wantsWrite = false;
        act(c -> {});
        long left = until - System.nanoTime();
        if (!wantsWrite || writeFailure != null || left <= 0) {
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
