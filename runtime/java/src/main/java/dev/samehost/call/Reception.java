package dev.samehost.call;

import dev.samehost.connection.Settings;
import dev.samehost.connection.Side;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Listener.FirstBytes;
import dev.samehost.wire.FrameWriter;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import dev.samehost.wire.Preface;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the links of a listener, starts a reader for each, and hands the calls that arrive to a
 * handler. It knows nothing of what calls say.
 */
public final class Reception {
  private static final Logger log = LoggerFactory.getLogger(Reception.class);

  /**
   * What a reception is made with.
   *
   * @param hello what this side says, with its limits
   * @param helloTimeoutNanos for a client's HELLO
   * @param spinNanos what a link is told as the limit of its spins
   * @param observer is told of connections
   */
  public record Options(
      Hello hello, long helloTimeoutNanos, long spinNanos, ConnectionObserver observer) {}

  private final Listener listener;
  private final Options options;
  private final Serving serving;
  private final Bridge.Host host;
  private final ThreadFactory readers;
  private final CountDownLatch terminated = new CountDownLatch(1);
  private final ReentrantLock lock = new ReentrantLock();

  // Under the lock.
  private final Set<Session> sessions = new HashSet<>();
  private final Set<Link> bridged = new HashSet<>(); // under those that sessions drive
  private volatile boolean shutdown;

  /** A reception that has not begun. */
  public Reception(Listener listener, Options options, Serving serving) {
    this(listener, options, serving, ReaderThread.at("samehost-server-", listener::address));
  }

  /** One whose readers are made by {@code readers}. */
  Reception(Listener listener, Options options, Serving serving, ThreadFactory readers) {
    this.listener = listener;
    this.options = options;
    this.serving = serving;
    this.host = new Bridge.Host(options.hello(), options.helloTimeoutNanos(), serving::method);
    this.readers = readers;
  }

  /**
   * Begins to listen.
   *
   * @throws LinkException with what went wrong; nothing is left behind then
   */
  public void start() throws LinkException {
    listener.start(new Doorman());
  }

  /** The address that clients can use. */
  public String address() {
    return listener.address();
  }

  /** What a listener tells. */
  private final class Doorman implements Listener.Acceptor {
    @Override
    public FirstBytes judge(ByteBuffer bytes) {
      return switch (verdict(bytes)) {
        case YES -> FirstBytes.YES;
        case MORE -> FirstBytes.MORE;
        case HTTP2, HTTP1 -> isBridged(bytes) ? FirstBytes.YES : FirstBytes.NO;
        case NONSENSE -> FirstBytes.NO;
      };
    }

    private static boolean isBridged(ByteBuffer bytes) {
      byte[] first = first(bytes);
      return Preface.isOfHttpClient(first, first.length) && Bridges.to(verdict(bytes)) != null;
    }

    private static Preface.Verdict verdict(ByteBuffer bytes) {
      byte[] first = first(bytes);
      return Preface.judge(first, first.length);
    }

    private static byte[] first(ByteBuffer bytes) {
      byte[] first = new byte[Math.min(bytes.remaining(), Preface.MOST)];
      bytes.duplicate().get(first);
      return first;
    }

    @Override
    public LinkException faultOf(String address, ByteBuffer bytes) {
      return switch (verdict(bytes)) {
        case HTTP2 -> Fault.PEER_HTTP2.with(address);
        case HTTP1 -> Fault.PEER_HTTP1.with(address);
        case YES, MORE, NONSENSE -> Listener.Acceptor.super.faultOf(address, bytes);
      };
    }

    @Override
    public void accepted(Link link, ByteBuffer first) {
      try {
        Preface.Verdict verdict = verdict(first);
        take(
            session(
                switch (verdict) {
                  case HTTP2, HTTP1 -> bridge(link, Bridges.to(verdict));
                  case YES, MORE, NONSENSE -> link;
                }));
      } catch (RuntimeException | Error e) {
        log.error("a new connection cannot be served and is closed", e);
      }
    }

    private Link bridge(Link link, Bridge bridge) {
      lock.lock();
      try {
        bridged.add(link);
      } finally {
        lock.unlock();
      }
      try {
        return bridge.accept(link, host, () -> forgetBridged(link));
      } catch (RuntimeException | Error e) {
        link.close();
        forgetBridged(link);
        throw e;
      }
    }

    private Session session(Link link) {
      Settings settings = Settings.of(link.peer().address(), options.hello());
      long patience = options.helloTimeoutNanos();
      return Session.of(link, options.spinNanos(), Side.ACCEPTOR, settings, patience, new Owner());
    }

    private void take(Session session) {
      Link link = session.link();
      lock.lock();
      try {
        if (shutdown) {
          link.close();
          return;
        }
        sessions.add(session);
      } finally {
        lock.unlock();
      }
      try {
        readers.newThread(session.background()).start();
      } catch (RuntimeException | Error e) {
        log.error("no thread reads a new connection, which is closed", e);
        link.close();
        forget(session);
      }
    }

    @Override
    public void refused(LinkException why) {
      if (why.fault() == Fault.NO_DESCRIPTORS) {
        log.warn("cannot take a connection: {}", why.getMessage());
      } else {
        log.info("turned a connection away: {}", why.getMessage());
      }
    }

    /**
     * A preface and why, without the address, which who reads it knows better. Nothing for one who
     * speaks another protocol, and would not understand.
     */
    @Override
    public ByteBuffer farewell(LinkException why) {
      if (why.fault() != Fault.USER_REFUSED && why.fault() != Fault.TLS_EXPECTED) {
        return ByteBuffer.allocate(0);
      }
      String text = why.getMessage();
      int end = text.indexOf(": ");
      FrameWriter words = new FrameWriter();
      words.preface();
      words.goAway(0, GoAwayCode.REFUSED.number(), end < 0 ? text : text.substring(end + 2));
      ByteBuffer view = words.view();
      return ByteBuffer.allocate(view.remaining()).put(view).flip();
    }

    @Override
    public void ended(LinkException why) {
      log.info("no more connections are taken: {}", why.getMessage());
      shutdown();
    }
  }

  /** What the connections tell. */
  private final class Owner implements SessionOwner {
    @Override
    public void ready(Session session) {
      Link link = session.link();
      CallerRoute back = new CallerRoute(session, this);
      session.attach(options.observer().connected(link.peer(), link.medium(), back));
      boolean late;
      lock.lock();
      try {
        late = shutdown;
      } finally {
        lock.unlock();
      }
      if (late) {
        session.goAway("the server was shut down");
      }
    }

    @Override
    public Serving serving() {
      return serving;
    }

    @Override
    public boolean isShutdown() {
      return shutdown;
    }

    @Override
    public BackgroundReader.Crew crew() {
      return new BackgroundReader.Crew(readers, serving.executor() == null, true);
    }

    @Override
    public void draining(Session session) {}

    @Override
    public void closed(Session session, LinkException fault) {
      if (fault != null) {
        log.info("a connection ended: {}", fault.getMessage());
      }
      if (session.attachment() != null) {
        options.observer().disconnected(session.attachment());
      }
      forget(session);
    }
  }

  private void forget(Session session) {
    lock.lock();
    try {
      sessions.remove(session);
      terminateIfDone();
    } finally {
      lock.unlock();
    }
  }

  private void forgetBridged(Link link) {
    lock.lock();
    try {
      bridged.remove(link);
      terminateIfDone();
    } finally {
      lock.unlock();
    }
  }

  // ---- the end

  /** Takes no new links and no new calls; those that are open go on. */
  public void shutdown() {
    List<Session> open;
    lock.lock();
    try {
      shutdown = true;
      open = List.copyOf(sessions);
      terminateIfDone();
    } finally {
      lock.unlock();
    }
    listener.close();
    for (Session session : open) {
      session.goAway("the server was shut down");
    }
  }

  /** Takes no new links and no new calls, and ends those that are open. */
  public void shutdownNow() {
    shutdown();
    List<Session> open;
    List<Link> under;
    lock.lock();
    try {
      open = List.copyOf(sessions);
      under = List.copyOf(bridged);
    } finally {
      lock.unlock();
    }
    LinkException why = Fault.SERVER_SHUTDOWN.with(address());
    for (Session session : open) {
      session.abortAll(why);
    }
    if (!under.isEmpty()) {
      // So much time has a bridge to hand the last words on.
      ScheduledFuture<?> ignored =
          Timers.after(BackgroundReader.LAST_WORDS_NANOS, () -> under.forEach(Link::close));
    }
  }

  private void terminateIfDone() {
    if (shutdown && sessions.isEmpty() && bridged.isEmpty()) {
      terminated.countDown();
    }
  }

  /** Whether new calls are refused. */
  public boolean isShutdown() {
    return shutdown;
  }

  /** Whether it was shut down, and no connection is left. */
  public boolean isTerminated() {
    return terminated.getCount() == 0;
  }

  /** Waits until {@link #isTerminated}, or the time is over. */
  public boolean awaitTermination(long nanos) throws InterruptedException {
    return terminated.await(nanos, TimeUnit.NANOSECONDS);
  }
}
