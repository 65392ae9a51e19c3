package dev.samehost.call;

import dev.samehost.connection.Connection;
import dev.samehost.connection.Event;
import dev.samehost.connection.Pieces;
import dev.samehost.connection.Stream;
import dev.samehost.transport.Code;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.MetadataBlock;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A call of this side's, from its start to its outcome, on whichever connection carries it: bytes,
 * not messages. Nothing here waits; methods may be called from any thread. States: {@link
 * ClientStreamState}.
 */
public final class ClientStream extends StreamEvents {
  private static final VarHandle OVER = VarHandles.of(ClientStream.class, "over", boolean.class);
  private static final VarHandle SESSION =
      VarHandles.of(ClientStream.class, "session", Session.class);

  private final Route route;
  private final ClientStreamOptions options;
  private final ClientStreamListener listener;
  private final Pump pump;
  private final Callbacks callbacks;
  private final CallDeadline deadline; // null where there is none
  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean over; // whoever sets it ends the call
  private int place = Roster.NOWHERE; // of who begins the call; others may not see it yet

  // Under the lock. What is held before the half-close of a call with one request is its caller's.
  private final Request request;
  private boolean retried;
  private Session awaited;
  private Stream stream;
  private ClientStreamState state = ClientStreamState.NEW;
  private volatile Session session;
  private boolean toldEnd; // of the callbacks

  // Written under the session's lock.
  private long bytesAhead;
  private boolean answered;
  private boolean news; // of what a caller may wait for, which headers are not; told by a callback

  /** A call that is not started yet. */
  public ClientStream(Route route, ClientStreamOptions options, ClientStreamListener listener) {
    this.route = route;
    this.options = options;
    this.deadline = CallDeadline.of(options);
    this.listener = listener;
    this.request = new Request(options.path());
    this.pump = Pump.serves(options.executor()) ? new Pump(options.executor(), this) : null;
    this.callbacks =
        pump != null ? new Callbacks(pump) : new Callbacks(options, () -> fail(Outcome.REJECTED));
  }

  // ---- actions

  /**
   * The call begins: its deadline counts, and what is done to it is kept. It leaves after {@link
   * #start}, or at once where its metadata are given here.
   */
  public void begin(MetadataBlock metadata) {
    if (deadline != null && (pump == null || pump.isHasty())) {
      deadline.watch(this::expire);
    }
    place = route.enter(this);
    if (isOver()) {
      leave(); // whoever ended it may have come before it was there
    } else if (route.isClosed()) {
      fail(Outcome.of(route.whyClosed()));
    } else {
      boolean held = metadata != null && options.oneRequest();
      if (held) {
        hold(metadata); // without the lock: until the half-close nobody looks at it
      } else if (metadata != null) {
        start(metadata);
      }
      if (!held || deadline != null) {
        signal(); // else there is nothing to look at before the half-close
      }
    }
  }

  private void hold(MetadataBlock metadata) {
    request.metadata(metadata);
    state = state.to(ClientStreamState.HELD);
  }

  /** The call may leave. Nothing does yet where exactly one message is sent. */
  public void start(MetadataBlock metadata) {
    advance(() -> hold(metadata));
  }

  /** So many more messages are wanted. */
  public void request(int count) {
    request.want(count);
    if (state.hasLeft()) {
      advance(() -> {}); // else it leaves with the call, whoever lets that leave
    }
  }

  /** Sends a message, which belongs to the call from now on. */
  public void sendMessage(ByteBuffer bytes, boolean compressed) {
    if (options.oneRequest()) {
      request.add(bytes, compressed); // nobody looks at it before the half-close
    } else {
      advance(() -> request.add(bytes, compressed));
    }
  }

  /** No further message is sent. */
  public void halfClose() {
    advance(request::halfClose);
  }

  /** Changes something, then sends what can be sent. */
  private void advance(Runnable change) {
    List<Runnable> left = List.of();
    boolean leaves = false;
    lock.lock();
    try {
      if (isOver()) {
        return;
      }
      change.run();
      if (state == ClientStreamState.HELD && (request.isHalfClosed() || !options.oneRequest())) {
        leaves = true;
        state = state.to(ClientStreamState.LOOKING);
        Session ready = route.ready();
        left = ready == null ? List.of(() -> route.find(this)) : ready.act(c -> open(c, ready));
      } else if (state == ClientStreamState.OPEN) {
        left = session.act(c -> request.push(c, stream, answered));
      }
    } finally {
      lock.unlock();
    }
    Session.run(left);
    if (leaves) {
      signal(); // there may be something to read now
    } else if (pump != null) {
      pump.ready();
    }
  }

  private void signal() {
    if (pump != null) {
      pump.signal();
    }
  }

  /** Whether a message can be sent without queueing more than one should. */
  public boolean isReady() {
    lock.lock();
    try {
      return state == ClientStreamState.OPEN && !isOver() && session.isReady(stream);
    } finally {
      lock.unlock();
    }
  }

  /** What the observer of connections gave for this call's; null before there is one. */
  public Object connection() {
    Session carrier = session;
    return carrier == null ? null : carrier.attachment();
  }

  /** Ends the call on this side, if it is not over yet, and tells the listener so. */
  public void fail(Outcome outcome) {
    if (!OVER.compareAndSet(this, false, true)) {
      return;
    }
    List<Runnable> left = List.of();
    lock.lock();
    try {
      if (awaited != null) {
        left = awaited.act(c -> awaited.forget(this));
      } else if (state == ClientStreamState.OPEN) {
        left =
            session.act(
                c -> {
                  c.reset(stream, outcome.code(), outcome.text());
                  ended(session);
                });
      }
    } finally {
      lock.unlock();
    }
    Session.run(left);
    leave();
    if (callbacks.abort(() -> tellEnd(outcome))) {
      callbacks.start();
    }
  }

  /** By whoever ended the call, or has begun one that is over. */
  private void leave() {
    if (deadline != null) {
      deadline.forget();
    }
    route.exit(this, place);
  }

  /** The deadline has passed. */
  void expire() {
    fail(deadline.outcome(route, state));
  }

  // ---- finding a connection

  /** Here is a connection: opens the call on it, or waits until the peer takes one more. */
  void bind(Session candidate) {
    List<Runnable> left = List.of();
    lock.lock();
    try {
      awaited = null;
      if (state == ClientStreamState.LOOKING && !isOver()) {
        left = candidate.act(c -> open(c, candidate));
      }
    } finally {
      lock.unlock();
    }
    Session.run(left);
    VarHandle.fullFence(); // the pump sees the session, or is seen to wait without it
    signal(); // there is something to read now
  }

  private void open(Connection connection, Session candidate) {
    if (candidate.isDraining()) {
      candidate.afterwards(() -> route.find(this));
    } else if (!connection.canOpen()) {
      awaited = candidate;
      candidate.await(this);
    } else {
      bytesAhead = candidate.bytesAhead();
      callbacks.inline(candidate.background());
      SESSION.setRelease(this, candidate); // a pump that waits elsewhere is signalled behind it
      state = state.to(ClientStreamState.OPEN);
      if (pump == null) {
        attend(candidate);
      }
      long left = deadline == null ? Stream.NO_DEADLINE : Math.max(0, deadline.nanosLeft());
      stream = request.open(connection, left, this);
      connection.readyBelow(stream, options.readyBytes());
      if (!options.oneRequest() && connection.isReady(stream)) {
        news = true;
        candidate.deliver(callbacks, listener::onReady);
      }
    }
  }

  /** The call was not seen by anybody: tries it once more. Answers false where that cannot be. */
  private boolean tryAgain() {
    lock.lock();
    try {
      if (isOver()) {
        return true;
      }
      if (retried || answered || route.isClosed() || !request.rewind()) {
        return false;
      }
      retried = true;
      stream = null;
      session = null;
      state = state.to(ClientStreamState.LOOKING);
    } finally {
      lock.unlock();
    }
    route.find(this);
    return true;
  }

  // ---- events, under the session's lock

  @Override
  void headers(Session from, Event.Headers headers) {
    answered = true;
    from.deliver(callbacks, () -> listener.onHeaders(headers.metadata()));
  }

  @Override
  void message(Session from, Event.Message message) {
    answered = true;
    news = true;
    from.deliver(callbacks, () -> tell(message.bytes(), message.compressed()));
  }

  private void tell(Pieces message, boolean compressed) {
    callbacks.tellsOf(message.size());
    listener.onMessage(message, compressed);
  }

  @Override
  void ready(Session from) {
    news = true;
    from.deliver(callbacks, listener::onReady);
  }

  @Override
  void answer(Session from, Event.Answer answer) {
    answered = true;
    news = true;
    ended(from);
    from.deliver(callbacks, () -> tellAnswer(answer));
  }

  private void tellAnswer(Event.Answer answer) {
    try {
      listener.onHeaders(answer.headers());
      if (!isOver()) { // at which a listener that fails ends its call
        tell(answer.bytes(), answer.compressed());
      }
    } finally {
      finish(Outcome.of(answer));
    }
  }

  @Override
  void status(Session from, Event.Status status) {
    answered = true;
    ended(from);
    from.deliver(callbacks, () -> finish(Outcome.of(status)));
  }

  @Override
  void reset(Session from, Event.Reset reset) {
    ended(from);
    boolean late = reset.code() == Code.DEADLINE_EXCEEDED && nanosLeft() <= 0; // at both ends
    Outcome outcome = late ? deadline.outcome(route, state) : Outcome.of(reset);
    if (reset.refused()) {
      from.afterwards(() -> end(false, outcome));
    } else {
      from.deliver(callbacks, () -> finish(outcome));
    }
  }

  /** Ends a call outside of all locks; one that nobody has seen is tried once more instead. */
  private void end(boolean seen, Outcome outcome) {
    if ((seen || !tryAgain()) && callbacks.add(() -> finish(outcome))) {
      callbacks.start();
    }
  }

  /** The connection is over, and so are the messages that it had brought. Without locks. */
  void lost(LinkException why, long bytesSent) {
    end(bytesSent > bytesAhead, Outcome.of(why));
  }

  /** The outcome, as the last of the callbacks. */
  private void finish(Outcome outcome) {
    if (OVER.compareAndSet(this, false, true)) {
      leave();
      tellEnd(outcome);
    }
  }

  private void tellEnd(Outcome outcome) {
    toldEnd = true;
    listener.onClose(outcome);
  }

  // ---- for the pump and the route

  Callbacks callbacks() {
    return callbacks;
  }

  Session session() {
    return session;
  }

  /** Whether there was something that a caller may wait for since this was asked. */
  boolean takeNews() {
    boolean any = news || isOver();
    news = false;
    return any;
  }

  boolean isOver() {
    return over;
  }

  /** In a callback, or after one by the same thread: whether it was the last one. */
  boolean hasToldEnd() {
    return toldEnd;
  }

  boolean waitsForReady() {
    return options.waitForReady();
  }

  long nanosLeft() {
    return deadline == null ? ClientStreamOptions.NO_DEADLINE : deadline.nanosLeft();
  }
}
