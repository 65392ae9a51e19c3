package dev.samehost.call;

import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What a call puts into the executor in which a blocked caller waits for it. Run there, on the
 * caller's thread, it reads the link, or parks while another caller reads it, until there is
 * something to tell the call's own listener; it tells it and returns. It runs nothing of other
 * calls.
 *
 * <pre>
 *                signal, or more to come             the caller runs it
 *      IDLE --------------------------------> QUEUED -------------------> RUNNING
 *       ^                                        ^                       |  |  |
 *       |                                        +---- more to come -----+  |  |
 *       +---------------------------- the caller interrupted ---------------+  |
 *      OVER <------------------------ the call is over ------------------------+
 * </pre>
 */
final class Pump implements Runnable {
  /** What waits in an executor. */
  private enum Kind {
    /** No caller. */
    NONE,

    /** A blocking call. */
    CALLER,

    /**
     * One of grpc-stub's blocking calls that stream. It may wait for a time only, and runs all that
     * it is given before it looks whether what it waits for has come. So the pump does not put
     * itself back there: what the caller does next puts it back, and when the caller does nothing,
     * the background reader reads on a moment later.
     */
    HASTY
  }

  /** By the names of grpc-stub's classes, which are not public, and of samehost's own stubs. */
  private static final ClassValue<Kind> KINDS =
      new ClassValue<>() {
        @Override
        protected Kind computeValue(Class<?> type) {
          return switch (type.getName()) {
            case "io.grpc.stub.ClientCalls$ThreadlessExecutor",
                "dev.samehost.stub.CallerExecutor" ->
                Kind.CALLER;
            case "io.grpc.stub.ClientCalls$ThreadSafeThreadlessExecutor" -> Kind.HASTY;
            default -> Kind.NONE;
          };
        }
      };

  private static final VarHandle READING = VarHandles.of(Pump.class, "reading", Session.class);
  private static final VarHandle STATE = VarHandles.of(Pump.class, "state", State.class);

  /** How long it waits where it is hasty. */
  private static final long HASTY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /**
   * A caller who has read so many calls of the peer's, which are made while it waits and each wake
   * another thread, leaves the reading to the thread that serves them.
   */
  private static final int MANY_CALLS = 2;

  /**
   * Others may put work into the same queue, and cannot wake a thread that reads a link: so it
   * looks from time to time. Not constant, for a test that must not have lost wake-ups mended.
   */
  static volatile long lookUpNanos = TimeUnit.MILLISECONDS.toNanos(100);

  private enum State {
    IDLE,
    QUEUED,
    RUNNING,
    OVER
  }

  private final Executor executor;
  private final ClientStream call;
  private final boolean hasty;
  private volatile State state;
  private Thread thread; // of who runs it; read by others while the state is RUNNING
  private long patience; // of a hasty one, until when it waits
  private volatile Session reading;
  private int callsOfPeer; // of who runs it: those that it has read

  Pump(Executor executor, ClientStream call) {
    this.executor = executor;
    this.call = call;
    this.hasty = KINDS.get(executor.getClass()) == Kind.HASTY;
    STATE.set(this, State.IDLE); // nobody else knows it yet
  }

  /** Whether a caller waits in this executor and runs, on its own thread, what is put there. */
  static boolean serves(Executor executor) {
    return KINDS.get(executor.getClass()) != Kind.NONE;
  }

  /** Whether it is not always there, so that it watches no deadline. */
  boolean isHasty() {
    return hasty;
  }

  /** The caller has done something, and may wait next. */
  void ready() {
    if (hasty && state == State.IDLE) {
      signal();
    }
  }

  /** There is something to deliver, or to look at. */
  void signal() {
    if (state == State.IDLE && STATE.compareAndSet(this, State.IDLE, State.QUEUED)) {
      executor.execute(this);
    } else if (state == State.RUNNING && thread != Thread.currentThread()) {
      LockSupport.unpark(thread);
      Session session = reading;
      if (session != null) {
        session.wakeReader();
      }
    }
  }

  @Override
  public void run() {
    thread = Thread.currentThread();
    // Only who runs it changes it now. What is added from here on is seen before any wait.
    STATE.setRelease(this, State.RUNNING);
    call.callbacks().enter();
    boolean more = pump();
    call.callbacks().exit();
    if (call.hasToldEnd()) {
      STATE.setRelease(this, State.OVER); // nothing is added any more
    } else if (more && !call.isOver()) {
      STATE.setRelease(this, State.QUEUED);
      executor.execute(this);
    } else {
      state = State.IDLE;
      if (!call.callbacks().isEmpty()) {
        signal();
      }
    }
  }

  /**
   * Waits for something to deliver, and delivers it.
   *
   * @return false when the pump is not to be put back before the next signal: in a hasty executor,
   *     when the thread was interrupted, which it must get out of its executor to notice, or when
   *     the call is over, which a signal that comes late finds
   */
  private boolean pump() {
    if (hasty) {
      patience = System.nanoTime() + HASTY_NANOS;
    }
    while (!call.callbacks().drain() || (hasty && !call.takeNews())) {
      if (call.isOver() || Thread.currentThread().isInterrupted()) {
        return false;
      }
      if (hasOtherWork()) {
        return true;
      }
      if (call.nanosLeft() <= 0) {
        call.expire();
      } else if (left() > 0) {
        waitForNews();
      } else {
        return false;
      }
    }
    return !hasty;
  }

  private boolean hasOtherWork() {
    return executor instanceof Queue<?> queue && !queue.isEmpty();
  }

  /** How long it may wait now. Reads no clock where the call has no deadline. */
  private long left() {
    return hasty ? patience - System.nanoTime() : Math.min(call.nanosLeft(), lookUpNanos);
  }

  /** Waits until there may be something, reading the link if nobody else does. */
  private void waitForNews() {
    Session session = call.session();
    if (session != null && ReaderThread.isInTaskOf(session.background()) && readInTask(session)) {
      return;
    }
    ReaderThread.aboutToWait();
    if (session == null || session.isEnding() || !mayRead()) {
      VarHandle.fullFence(); // as for takeRole
      if (call.callbacks().isEmpty() && call.session() == session) {
        LockSupport.parkNanos(this, left());
      }
      return;
    }
    if (takeRole(session)) {
      try {
        while (mayWait(session) && callsOfPeer < MANY_CALLS) {
          int before = session.callsOfPeer();
          session.read(left());
          callsOfPeer += session.callsOfPeer() - before;
        }
      } finally {
        READING.setRelease(this, null);
        session.releaseAsCaller();
      }
    }
  }

  /**
   * Reads on, as the link's reader that runs this task. Answers false where another one is to read,
   * or to see to the link's end, and this thread waits as any other.
   */
  private boolean readInTask(Session session) {
    BackgroundReader reader = session.background();
    if (!reader.pauseTask()) {
      return false;
    }
    READING.setRelease(this, session);
    VarHandle.fullFence(); // as for takeRole
    try {
      session.flush();
      while (mayWait(session) && !reader.isWanted()) {
        session.read(left());
      }
    } finally {
      READING.setRelease(this, null);
      reader.resumeTask();
    }
    return !mayWait(session) && !session.isEnding();
  }

  private boolean mayRead() {
    return callsOfPeer < MANY_CALLS && !isVirtual(Thread.currentThread());
  }

  private boolean mayWait(Session session) {
    return call.callbacks().isEmpty()
        && call.session() == session
        && !session.isEnding()
        && left() > 0
        && !hasOtherWork()
        && !Thread.currentThread().isInterrupted();
  }

  /**
   * Whether this thread now reads the link; otherwise there is something else to do. Whoever
   * signals sees that it runs, and what it reads, or what was added is seen here next: taking the
   * role is a full fence.
   */
  private boolean takeRole(Session session) {
    READING.setRelease(this, session);
    if (session.role().takeAsCaller()) {
      return true;
    }
    READING.setRelease(this, null);
    if (follow(session)) {
      reading = session;
      return true;
    }
    return false;
  }

  /** Waits for the role, or for something to do; whether this thread holds the role then. */
  private boolean follow(Session session) {
    ReaderRole role = session.role();
    Waiter waiter = new Waiter();
    waiter.enter();
    role.follow(waiter);
    if (role.takeAsCaller()) {
      role.followNoMore(waiter);
      return true;
    }
    session.stealFromBackground();
    while (waiter.state() == Waiter.State.WAITING && mayWait(session)) {
      LockSupport.parkNanos(this, left());
    }
    return !role.leave(waiter);
  }

  /**
   * A virtual thread blocked in a native call would hold up its carrier. It is known by its thread
   * group, which the JDK documents; the method that says so is not there on JDK 17.
   */
  private static boolean isVirtual(Thread thread) {
    ThreadGroup group = thread.getThreadGroup();
    return group != null && group.getName().equals("VirtualThreads");
  }
}
