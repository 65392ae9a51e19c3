package dev.samehost.call;

import static dev.samehost.call.Afterwards.both;

import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.GoAwayCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Keeps at most one connection to one address that takes calls: connects when a call needs it,
 * waits between failures. It knows nothing of what calls say. States: {@link Connectivity}.
 */
public final class Dialer extends Route {
  /** A connection that lived shorter than this counts as a failure to connect. */
  private static final long SHORT_LIFE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Ways ways;
  private final ThreadFactory readers;
  private final DialerOptions options;
  private final Backoff backoff;
  private final Connectivity connectivity;
  private final CountDownLatch terminated = new CountDownLatch(1);
  private final ReentrantLock lock = new ReentrantLock();
  private final Roster calls = new Roster();

  // Under the lock, and what is volatile read anywhere.
  private final Pending pending = new Pending();
  private final Map<Session, Long> readySince = new HashMap<>(); // null before HELLO
  private boolean dialing;
  private boolean wanted;
  private volatile Session current;
  private volatile LinkException lastFailure; // null once there was a connection
  private ScheduledFuture<?> redial;
  private volatile boolean shutdown;

  /** A dialer that has not dialed yet. */
  public Dialer(Connector connector, DialerOptions options, Backoff backoff) {
    this(connector, options, backoff, ReaderThread.at("samehost-reader-", options::address));
  }

  /** One whose readers are made by {@code readers}. */
  Dialer(Connector connector, DialerOptions options, Backoff backoff, ThreadFactory readers) {
    this.readers = readers;
    this.ways = new Ways(connector, options.hello());
    this.options = options;
    this.backoff = backoff;
    this.connectivity = new Connectivity(options.callbacks());
  }

  @Override
  public String address() {
    return options.address();
  }

  @Override
  LinkException lastFailure() {
    return lastFailure;
  }

  @Override
  boolean isClosed() {
    return shutdown;
  }

  @Override
  LinkException whyClosed() {
    return Fault.CHANNEL_SHUTDOWN.with(address());
  }

  // ---- calls

  @Override
  int enter(ClientStream call) {
    return calls.enter(call);
  }

  @Override
  void exit(ClientStream call, int place) {
    calls.leave(call, place);
    // It is seen here that it waits, or is seen there that it has left: both are volatile.
    if (pending.mayHaveSome() || shutdown) {
      locked(
          () -> {
            pending.remove(call);
            return terminateIfDone();
          });
    }
  }

  @Override
  Session ready() {
    Session session = current;
    return session == null || session.isDraining() ? null : session;
  }

  @Override
  void find(ClientStream call) {
    locked(
        () -> {
          Session session = current;
          if (session != null && !session.isDraining()) {
            return () -> call.bind(session);
          }
          Runnable idle =
              session == null ? Afterwards::nothing : connectivity.to(Connectivity.State.IDLE);
          current = null;
          boolean isFailing = connectivity.state() == Connectivity.State.TRANSIENT_FAILURE;
          if (isFailing && !call.waitsForReady()) {
            long wait = redial == null ? 0 : redial.getDelay(TimeUnit.MILLISECONDS);
            Outcome outcome = Outcome.notTried(lastFailure, address(), wait);
            return both(idle, () -> call.fail(outcome));
          }
          return !pending.add(call) || isFailing ? idle : both(idle, dial());
        });
  }

  // ---- dialing, under the lock; what they give back is run after it

  private Runnable dial() {
    if (dialing || current != null) {
      return Afterwards::nothing;
    }
    dialing = true;
    cancelRedial();
    return both(connectivity.to(Connectivity.State.CONNECTING), begin(ways.direct()));
  }

  private Runnable begin(Connector way) {
    Attempt attempt = new Attempt(way, options, new Owner(), this::made, this::failed);
    return () -> attempt.begin(readers);
  }

  private void made(Session session) {
    locked(
        () -> {
          readySince.put(session, null);
          return terminateIfDone(); // nobody may want it any more
        });
  }

  private void failed(LinkException failure) {
    locked(
        () -> {
          dialing = false;
          return both(backOff(failure), terminateIfDone());
        });
  }

  private Runnable backOff(LinkException failure) {
    lastFailure = failure;
    Runnable told = failAll(shutdown ? pending.takeAll() : pending.takeImpatient(), failure);
    if (shutdown) {
      return told;
    }
    redial = Timers.after(backoff.nextNanos(), this::waitIsOver);
    return both(connectivity.to(Connectivity.State.TRANSIENT_FAILURE), told);
  }

  private void waitIsOver() {
    locked(
        () -> {
          if (connectivity.state() != Connectivity.State.TRANSIENT_FAILURE) {
            return Afterwards::nothing;
          }
          redial = null;
          return wanted || !pending.isEmpty() ? dial() : connectivity.to(Connectivity.State.IDLE);
        });
  }

  private void cancelRedial() {
    if (redial != null) {
      redial.cancel(false);
      redial = null;
    }
  }

  /** What the connections tell. */
  private final class Owner implements SessionOwner {
    @Override
    public void ready(Session session) {
      Link link = session.link();
      CallerRoute back = new CallerRoute(session, this);
      session.attach(options.observer().connected(link.peer(), link.medium(), back));
      locked(
          () -> {
            if (session.isDraining()) {
              // The attempt has failed, and is over when its link is closed.
              return Afterwards::nothing;
            }
            dialing = false;
            current = session;
            wanted = false;
            lastFailure = null;
            readySince.put(session, System.nanoTime());
            List<ClientStream> bound = pending.takeAll();
            Runnable told = both(connectivity.to(Connectivity.State.READY), terminateIfDone());
            return both(told, () -> bound.forEach(call -> call.bind(session)));
          });
    }

    @Override
    public void draining(Session session) {
      locked(
          () -> {
            if (current != session) {
              return Afterwards::nothing;
            }
            current = null;
            return connectivity.to(Connectivity.State.IDLE);
          });
    }

    @Override
    public void closed(Session session, LinkException fault) {
      if (session.attachment() != null) {
        options.observer().disconnected(session.attachment());
      }
      locked(
          () -> {
            Runnable after = Afterwards::nothing;
            Long since = readySince.remove(session);
            Connector other = since == null ? ways.after(fault) : null;
            if (other != null) {
              after = begin(other); // the attempt goes on
            } else if (since == null) {
              dialing = false;
              after = backOff(fault != null ? fault : Fault.PEER_DRAINING.with(address()));
            } else if (fault == null || System.nanoTime() - since > SHORT_LIFE_NANOS) {
              backoff.reset();
            } else if (connectivity.state() == Connectivity.State.IDLE) {
              after = backOff(fault);
            }
            return both(after, terminateIfDone());
          });
    }

    @Override
    public Serving serving() {
      return options.serving();
    }

    @Override
    public boolean isShutdown() {
      return shutdown;
    }

    @Override
    public BackgroundReader.Crew crew() {
      return new BackgroundReader.Crew(readers, options.callbacks() == Workers.pool(), false);
    }

    @Override
    public void serve(ServerStream stream) {
      if (shutdown) { // and GOAWAY has to wait for calls of this side's
        stream.refuse(whyClosed().code(), whyClosed().getMessage());
      } else {
        options.serving().serve(stream);
      }
    }
  }

  // ---- state

  /** Where the channel stands. */
  public Connectivity.State state() {
    return connectivity.state();
  }

  /** Connects though no call needs it, and keeps trying until it has. */
  public void connectNow() {
    locked(
        () -> {
          wanted = current == null && !shutdown;
          return connectivity.state() == Connectivity.State.IDLE ? dial() : Afterwards::nothing;
        });
  }

  /** Does not wait any longer after a failure. */
  public void connectSooner() {
    locked(
        () -> {
          cancelRedial();
          backoff.reset();
          return this::waitIsOver;
        });
  }

  /** Lets the connection go once its calls are over; the next call makes another one. */
  public void rest() {
    locked(
        () -> {
          Session session = current;
          wanted = false;
          return session == null ? Afterwards::nothing : () -> session.goAway("the channel rests");
        });
  }

  /** Tells an observer once, as soon as the state is not {@code seen} any more. */
  public void whenStateChanges(Connectivity.State seen, Runnable observer) {
    locked(() -> connectivity.observe(seen, observer));
  }

  // ---- the end

  /** Takes no new calls. Those that were started go on, then the connection is closed. */
  public void shutdown() {
    locked(
        () -> {
          Runnable after = connectivity.to(Connectivity.State.SHUTDOWN);
          shutdown = true;
          cancelRedial();
          if (current == null && !dialing) {
            // Calls that waited for the next attempt would wait for ever.
            after = both(after, failAll(pending.takeAll(), whyClosed()));
          }
          return both(after, terminateIfDone());
        });
  }

  /** Takes no new calls and ends those that were started. */
  public void shutdownNow() {
    shutdown();
    List<ClientStream> open = new ArrayList<>();
    List<Session> driving = new ArrayList<>();
    locked(
        () -> {
          open.addAll(calls.all());
          driving.addAll(readySince.keySet());
          return Afterwards::nothing;
        });
    LinkException why = whyClosed();
    failAll(open, why).run();
    driving.forEach(session -> session.fail(GoAwayCode.NO_ERROR, "shut down", why));
  }

  /** Whether new calls are refused. */
  public boolean isShutdown() {
    return shutdown;
  }

  /** Whether it was shut down, and no call and no connection is left. */
  public boolean isTerminated() {
    return terminated.getCount() == 0;
  }

  /** Waits until {@link #isTerminated}, or the time is over. */
  public boolean awaitTermination(long nanos) throws InterruptedException {
    return terminated.await(nanos, TimeUnit.NANOSECONDS);
  }

  private Runnable terminateIfDone() {
    if (!shutdown || !calls.isEmpty()) {
      return Afterwards::nothing;
    }
    List<Session> driving = List.copyOf(readySince.keySet());
    boolean last = !dialing && driving.isEmpty();
    return () -> {
      ways.close();
      driving.forEach(session -> session.goAway("the channel was shut down"));
      if (last) {
        terminated.countDown();
      }
    };
  }

  // ---- the lock

  /** Acts under the lock, then does what the action gave back. */
  private void locked(Supplier<Runnable> action) {
    Runnable after;
    lock.lock();
    try {
      after = action.get();
    } finally {
      lock.unlock();
    }
    after.run();
  }

  private static Runnable failAll(List<ClientStream> failing, LinkException why) {
    return () -> failing.forEach(call -> call.fail(Outcome.of(why)));
  }
}
