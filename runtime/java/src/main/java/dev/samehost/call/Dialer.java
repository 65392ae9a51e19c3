package dev.samehost.call;

import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps at most one connection to one address that takes calls: connects when a call needs it,
 * waits between failures, gives each call the connection. It knows nothing of what calls say. Its
 * states are drawn at {@link Connectivity}.
 */
public final class Dialer {
  /**
   * What a dialer is made with.
   *
   * @param address for texts
   * @param hello what this side says, with its limits
   * @param connectTimeoutNanos for making a link
   * @param callbacks where {@link #whenStateChanges} calls back
   */
  public record Options(
      String address, Hello hello, long connectTimeoutNanos, Executor callbacks) {}

  /** A connection that lived shorter than this counts as a failure to connect. */
  private static final long SHORT_LIFE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final AtomicLong THREADS = new AtomicLong();

  private final Connector connector;
  private final Options options;
  private final Backoff backoff;
  private final Owner owner = new Owner();
  private final Connectivity connectivity;
  private final CountDownLatch terminated = new CountDownLatch(1);
  private final ReentrantLock lock = new ReentrantLock();

  // Under the lock.
  private final Set<ClientStream> calls = new HashSet<>();
  private final ArrayDeque<ClientStream> pending = new ArrayDeque<>();
  private final Map<Driver, Long> readySince = new HashMap<>(); // null before HELLO
  private boolean dialing;
  private boolean wanted;
  private Driver current;
  private LinkException lastFailure;
  private ScheduledFuture<?> redial;
  private volatile boolean shutdown;

  /** A dialer that has not dialed yet. */
  public Dialer(Connector connector, Options options, Backoff backoff) {
    this.connector = connector;
    this.options = options;
    this.backoff = backoff;
    this.connectivity = new Connectivity(options.callbacks());
  }

  /** The address, for texts. */
  public String address() {
    return options.address();
  }

  // ---- calls

  /** A call begins. The answer is why it cannot, or null. */
  LinkException enter(ClientStream call) {
    lock.lock();
    try {
      if (shutdown) {
        return Fault.CHANNEL_SHUTDOWN.with(address());
      }
      calls.add(call);
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** A call is over. */
  void exit(ClientStream call) {
    Runnable after;
    lock.lock();
    try {
      calls.remove(call);
      pending.remove(call);
      after = terminateIfDone();
    } finally {
      lock.unlock();
    }
    after.run();
  }

  /** A call needs a connection: gets one, now or later, or fails. Holds no locks. */
  void find(ClientStream call) {
    Driver driver = null;
    LinkException failure = null;
    Runnable after = () -> {};
    lock.lock();
    try {
      if (current != null && current.isDraining()) {
        current = null;
        after = connectivity.to(Connectivity.State.IDLE);
      }
      if (current != null) {
        driver = current;
      } else if (connectivity.state() == Connectivity.State.TRANSIENT_FAILURE
          && !call.waitsForReady()) {
        failure = lastFailure;
      } else if (calls.contains(call)) {
        pending.add(call);
        if (connectivity.state() != Connectivity.State.TRANSIENT_FAILURE) {
          after = both(after, dial());
        }
      }
    } finally {
      lock.unlock();
    }
    after.run();
    if (driver != null) {
      call.bind(driver);
    } else if (failure != null) {
      call.fail(Outcome.of(failure));
    }
  }

  // ---- dialing, under the lock; what they give back is run after it

  private Runnable dial() {
    if (dialing || current != null) {
      return () -> {};
    }
    dialing = true;
    cancelRedial();
    Thread thread =
        new Thread(this::connect, "samehost-reader-" + THREADS.incrementAndGet() + " " + address());
    thread.setDaemon(true);
    return both(connectivity.to(Connectivity.State.CONNECTING), thread::start);
  }

  /** The life of one connection: this thread makes it, and reads it when no caller does. */
  private void connect() {
    Driver driver;
    try {
      Link link = connector.connect(options.connectTimeoutNanos());
      driver =
          new Driver(
              link,
              Side.CONNECTOR,
              Settings.of(address(), options.hello()).withNoise(connector.noiseLimit()),
              connector.helloTimeoutNanos(),
              owner);
    } catch (LinkException e) {
      failed(e);
      return;
    } catch (RuntimeException | Error e) {
      failed(Fault.CONNECT_FAILED.causedBy(e, address(), "the transport", e));
      return;
    }
    lock.lock();
    try {
      readySince.put(driver, null);
    } finally {
      lock.unlock();
    }
    driver.background().run();
  }

  private void failed(LinkException failure) {
    List<ClientStream> failing = new ArrayList<>();
    Runnable after;
    lock.lock();
    try {
      dialing = false;
      after = backOff(failure, failing);
      after = both(after, terminateIfDone());
    } finally {
      lock.unlock();
    }
    after.run();
    for (ClientStream call : failing) {
      call.fail(Outcome.of(failure));
    }
  }

  private Runnable backOff(LinkException failure, List<ClientStream> failing) {
    lastFailure = failure;
    for (ClientStream call : List.copyOf(pending)) {
      if (shutdown || !call.waitsForReady()) {
        pending.remove(call);
        failing.add(call);
      }
    }
    if (shutdown) {
      return () -> {};
    }
    redial =
        Timers.scheduler()
            .schedule(
                () -> Workers.pool().execute(this::waitIsOver),
                backoff.nextNanos(),
                TimeUnit.NANOSECONDS);
    return connectivity.to(Connectivity.State.TRANSIENT_FAILURE);
  }

  private void waitIsOver() {
    Runnable after = () -> {};
    lock.lock();
    try {
      if (connectivity.state() == Connectivity.State.TRANSIENT_FAILURE) {
        redial = null;
        after = wanted || !pending.isEmpty() ? dial() : connectivity.to(Connectivity.State.IDLE);
      }
    } finally {
      lock.unlock();
    }
    after.run();
  }

  private void cancelRedial() {
    if (redial != null) {
      redial.cancel(false);
      redial = null;
    }
  }

  /** What the connections tell. */
  private final class Owner implements Driver.Owner {
    @Override
    public void ready(Driver driver) {
      List<ClientStream> bound = List.of();
      Runnable after = () -> {};
      lock.lock();
      try {
        dialing = false;
        if (!driver.isDraining()) {
          current = driver;
          wanted = false;
          readySince.put(driver, System.nanoTime());
          bound = List.copyOf(pending);
          pending.clear();
          after = both(connectivity.to(Connectivity.State.READY), terminateIfDone());
        }
      } finally {
        lock.unlock();
      }
      after.run();
      for (ClientStream call : bound) {
        call.bind(driver);
      }
    }

    @Override
    public void draining(Driver driver) {
      Runnable after = () -> {};
      lock.lock();
      try {
        if (current == driver) {
          current = null;
          after = connectivity.to(Connectivity.State.IDLE);
        }
      } finally {
        lock.unlock();
      }
      after.run();
    }

    @Override
    public void unopened(ClientStream stream) {
      find(stream);
    }

    @Override
    public void closed(Driver driver, LinkException fault) {
      List<ClientStream> failing = new ArrayList<>();
      LinkException why = fault != null ? fault : Fault.LINK_CLOSED.with(address());
      Runnable after = () -> {};
      lock.lock();
      try {
        Long since = readySince.remove(driver);
        if (since == null) {
          dialing = false;
          after = backOff(why, failing);
        } else if (fault == null || System.nanoTime() - since > SHORT_LIFE_NANOS) {
          backoff.reset();
        } else if (connectivity.state() == Connectivity.State.IDLE) {
          after = backOff(why, failing);
        }
        after = both(after, terminateIfDone());
      } finally {
        lock.unlock();
      }
      after.run();
      for (ClientStream call : failing) {
        call.fail(Outcome.of(why));
      }
    }

    @Override
    public Executor executor() {
      return Workers.pool();
    }

    @Override
    public void serve(ServerStream stream) {
      stream.unknownMethod(); // this side offers no services
    }
  }

  // ---- state

  /** Where the channel stands. */
  public Connectivity.State state() {
    return connectivity.state();
  }

  /** Connects though no call needs it, and keeps trying until it has. */
  public void connectNow() {
    Runnable after = () -> {};
    lock.lock();
    try {
      if (!shutdown) {
        wanted = current == null;
        if (connectivity.state() == Connectivity.State.IDLE) {
          after = dial();
        }
      }
    } finally {
      lock.unlock();
    }
    after.run();
  }

  /** Does not wait any longer after a failure. */
  public void connectSooner() {
    lock.lock();
    try {
      cancelRedial();
      backoff.reset();
    } finally {
      lock.unlock();
    }
    waitIsOver();
  }

  /** Tells an observer once, as soon as the state is not {@code seen} any more. */
  public void whenStateChanges(Connectivity.State seen, Runnable observer) {
    Runnable after;
    lock.lock();
    try {
      after = connectivity.observe(seen, observer);
    } finally {
      lock.unlock();
    }
    after.run();
  }

  // ---- the end

  /** Takes no new calls. Those that were started go on, then the connection is closed. */
  public void shutdown() {
    Runnable after;
    lock.lock();
    try {
      after = connectivity.to(Connectivity.State.SHUTDOWN);
      shutdown = true;
      cancelRedial();
      if (current == null && !dialing) {
        // Calls that waited for the next attempt would wait for ever.
        after = both(after, failPending());
      }
      after = both(after, terminateIfDone());
    } finally {
      lock.unlock();
    }
    after.run();
  }

  private Runnable failPending() {
    List<ClientStream> failing = List.copyOf(pending);
    LinkException why = Fault.CHANNEL_SHUTDOWN.with(address());
    return () -> failing.forEach(call -> call.fail(Outcome.of(why)));
  }

  /** Takes no new calls and ends those that were started. */
  public void shutdownNow() {
    shutdown();
    List<ClientStream> open;
    List<Driver> driving;
    lock.lock();
    try {
      open = List.copyOf(calls);
      driving = List.copyOf(readySince.keySet());
    } finally {
      lock.unlock();
    }
    LinkException why = Fault.CHANNEL_SHUTDOWN.with(address());
    for (ClientStream call : open) {
      call.fail(Outcome.of(why));
    }
    for (Driver driver : driving) {
      driver.fail(GoAwayCode.NO_ERROR, "shut down", why);
    }
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
      return () -> {};
    }
    if (dialing || !readySince.isEmpty()) {
      List<Driver> driving = List.copyOf(readySince.keySet());
      return () -> {
        connector.close();
        driving.forEach(driver -> driver.goAway("the channel was shut down"));
      };
    }
    return () -> {
      connector.close();
      terminated.countDown();
    };
  }

  private static Runnable both(Runnable first, Runnable second) {
    return () -> {
      first.run();
      second.run();
    };
  }
}
