package dev.samehost.call;

import dev.samehost.connection.Connection;
import dev.samehost.connection.Settings;
import dev.samehost.connection.Side;
import dev.samehost.connection.Stream;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.GoAwayCode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A connection that several threads use: drives a {@link Connection} over a {@link Link}, holds its
 * lock, has its bytes moved ({@link LinkTraffic}) and its events told ({@link EventRouter}). It
 * runs no listener, and waits only in {@link #read} and {@link #finish}.
 *
 * <p>Every action takes the lock, acts, by which events are taken note of, writes what the link
 * takes, and gives back what is to be done once all locks are released ({@link #act}). What the
 * link does not take is written by whoever reads it.
 */
final class Session {
  private final Link link;
  private final SessionOwner owner;
  private final ReaderRole role = new ReaderRole();
  private final BackgroundReader background;
  private final ConnectionLock lock = new ConnectionLock();

  // Under the lock, except where they say otherwise.
  private final Connection connection;
  private final LinkTraffic traffic;
  private final EventRouter router;
  private List<Runnable> later = new ArrayList<>();

  private final AtomicInteger unattended = new AtomicInteger(); // written under the lock
  private volatile Object attachment;

  Session(Link link, Side side, Settings settings, long helloTimeoutNanos, SessionOwner owner) {
    this.link = link;
    this.owner = owner;
    this.router = new EventRouter(this, owner, link);
    this.connection = new Connection(side, settings, router, LinkTraffic.bulkBytes(link));
    this.traffic = new LinkTraffic(link, connection, this, lock);
    this.background = new BackgroundReader(this, helloTimeoutNanos, owner.crew());
  }

  /** A session of a link that is told the limit of its spins; it is closed if there can be none. */
  static Session of(
      Link link,
      long spinNanos,
      Side side,
      Settings settings,
      long helloTimeoutNanos,
      SessionOwner owner) {
    try {
      link.limitSpin(spinNanos);
      return new Session(link, side, settings, helloTimeoutNanos, owner);
    } catch (RuntimeException | Error e) {
      link.close();
      throw e;
    }
  }

  // ---- queries, from any thread

  Link link() {
    return link;
  }

  ReaderRole role() {
    return role;
  }

  BackgroundReader background() {
    return background;
  }

  /** Whatever the owner keeps with the connection. */
  Object attachment() {
    return attachment;
  }

  void attach(Object object) {
    attachment = object;
  }

  /** Whether HELLO has arrived. */
  boolean helloArrived() {
    return router.helloArrived();
  }

  /** Whether the connection has ended; its calls are told soon. */
  boolean isOver() {
    return router.isOver();
  }

  /** Whether no caller should read any more: the background reader sees to the end. */
  boolean isEnding() {
    return router.isOver() || traffic.writeFailure() != null;
  }

  /** Whether it takes no more calls. */
  boolean isDraining() {
    return router.isDraining();
  }

  /** Whether somebody waits for something that only a reader brings, and does not read himself. */
  boolean needsReader() {
    return unattended.get() > 0 || traffic.wantsWrite() || isEnding();
  }

  /** The same, after all that others have done so far. */
  boolean needsReaderNow() {
    lock.lock();
    try {
      return needsReader();
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

  /** Acts, writes what comes of it, and does what is left to do. No lock may be held. */
  void perform(Action action) {
    run(act(action));
  }

  /**
   * Acts, and writes what comes of it.
   *
   * @return what is left to do for {@link #run}, once the caller has released its own locks
   */
  List<Runnable> act(Action action) {
    lock.lockToWrite();
    try {
      try {
        action.on(connection);
      } finally {
        settle(); // another thread may have left its output to this one
      }
      List<Runnable> left = later;
      if (!left.isEmpty()) {
        left.add(this::ensureReader);
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
  static void run(List<Runnable> left) {
    if (!left.isEmpty()) {
      left.forEach(Runnable::run);
    }
  }

  /** Writes what the link takes, and has calls opened for which there is room then. */
  private void settle() {
    if (!traffic.holdsBack()) {
      traffic.write();
    }
    router.openWaiting(connection);
  }

  /** Whether what the calling thread does next is written together with what it does after that. */
  void holdBack(boolean hold) {
    traffic.holdBack(hold);
  }

  /** Writes what another thread holds back, or is about to. */
  void flushForAnother() {
    holdBack(false);
    perform(c -> {});
  }

  /** Writes what this thread has held back, if anything. */
  void flush() {
    holdBack(false);
    if (traffic.holdsOutput()) {
      perform(c -> {});
    }
  }

  private void ensureReader() {
    if (needsReader() && role.holder() == ReaderRole.Holder.FREE) {
      background.unpark();
    }
  }

  /** Takes no new calls, and closes the link when the open ones are over. */
  void goAway(String text) {
    perform(
        c -> {
          c.goAway(text);
          router.drain(); // calls of this side's do not wait for what is not to come
        });
  }

  /** Ends the connection and every call on it. */
  void fail(GoAwayCode code, String text, LinkException fault) {
    perform(c -> c.fail(code, text, fault));
  }

  /** Ends every call that the peer opened, then the connection. */
  void abortAll(LinkException why) {
    List<ServerStream> open = new ArrayList<>();
    perform(c -> open.addAll(router.served(c)));
    for (ServerStream stream : open) {
      stream.abort(why.code(), why.getMessage());
    }
    fail(GoAwayCode.NO_ERROR, why.getMessage(), why);
  }

  /** A fault of this side's own: the connection cannot go on. */
  void giveUp(Throwable cause) {
    String address = link.peer().address();
    LinkException fault = Fault.LINK_FAILED.causedBy(cause, address, "reading", cause);
    fail(GoAwayCode.INTERNAL_ERROR, "a fault of its own", fault);
  }

  // ---- under the lock, for the streams

  /** Something to do when the lock is released. */
  void afterwards(Runnable task) {
    later.add(task);
  }

  /** Has a task delivered. */
  void deliver(Callbacks callbacks, Runnable task) {
    if (callbacks.add(task)) {
      start(callbacks);
    }
  }

  /** Has callbacks told, of which the first has just been added. */
  void start(Callbacks callbacks) {
    if (!background.takes(callbacks)) {
      later.add(callbacks::start);
    }
  }

  /** A stream opened, or ended, whose events nobody waits for by reading. */
  void attend(int change) {
    unattended.setRelease(unattended.getPlain() + change); // the lock's release publishes it
  }

  /** The call opens once the peer takes one more. */
  void await(ClientStream stream) {
    router.await(stream);
  }

  /** The call does not wait to be opened any more. */
  void forget(ClientStream stream) {
    router.forget(stream);
  }

  /** How many calls are open, of both sides. */
  int openStreams() {
    return connection.openStreams();
  }

  /** How many bytes of this connection will have gone out before what is queued from now on. */
  long bytesAhead() {
    return traffic.ahead();
  }

  // ---- reading

  /** By the holder of the role: waits for the link, at most so long, and takes what it has. */
  void read(long timeoutNanos) {
    traffic.read(timeoutNanos);
  }

  /** By the holder of the role: nothing has come for long, and little memory is kept for it. */
  void rest() {
    traffic.rest();
  }

  /** By the holder of the role: how many calls the peer has opened. */
  int callsOfPeer() {
    return router.callsOfPeer();
  }

  /** By the holder of the role: how often there was something to read, for whoever read it. */
  long arrivals() {
    return traffic.arrivals();
  }

  /** Why writing has failed, though the peer has not ended its side; null while it has not. */
  LinkException writeFailure() {
    return traffic.writeFailure();
  }

  /** Somebody who is not the reader wants it to look up. */
  void wakeReader() {
    link.wake();
  }

  /** The end has come, or will soon: all who wait look up. */
  void wakeAll() {
    background.unpark();
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
    if (role.holder() == ReaderRole.Holder.FREE && (needsReader() || background.waitsForRole())) {
      background.unpark();
    }
  }

  // ---- the end

  /**
   * By the background reader, which holds the role for good: writes the last words, closes the
   * link, and tells all calls why, whatever fails meanwhile.
   */
  void finish() {
    Guard.run("the last words", () -> traffic.writeLastWords(BackgroundReader.LAST_WORDS_NANOS));
    LinkException fault = connection.fault();
    if (fault != null) {
      fault = Guard.get("the transport's explanation", () -> explain(connection.fault()), fault);
    }
    Guard.run("closing a link", link::close);
    LinkException known = fault;
    LinkException why = fault != null ? fault : Fault.LINK_CLOSED.with(link.peer().address());
    List<ClientStream> calls;
    List<ServerStream> handlers;
    long sent;
    lock.lock();
    try {
      sent = traffic.sent();
      calls = router.lost(why, sent);
      handlers = router.orphans();
    } finally {
      lock.unlock();
    }
    Guard.run("the end of a connection", () -> owner.closed(this, known));
    for (ServerStream handler : handlers) {
      Guard.run("the end of a call", () -> handler.lost(why));
    }
    for (ClientStream call : calls) {
      Guard.run("the end of a call", () -> call.lost(why, sent));
    }
  }

  private LinkException explain(LinkException fault) {
    if (helloArrived()) {
      return link.explain(fault);
    }
    return link.explainSilence(fault, connection.skipped(), connection.skippedBytes());
  }
}
