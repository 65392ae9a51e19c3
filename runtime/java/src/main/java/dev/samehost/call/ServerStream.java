package dev.samehost.call;

import dev.samehost.connection.Event;
import dev.samehost.connection.Seconds;
import dev.samehost.connection.Stream;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.Executor;

/**
 * A call of the peer's that this side serves, from its opening to its end. Nothing here waits;
 * methods may be called from any thread. It knows bytes, not messages.
 *
 * <p>What is served with one response message leaves when the status does, all in one frame.
 */
public final class ServerStream extends StreamEvents {
  /** The time of a call without a deadline. */
  public static final long NO_DEADLINE = Stream.NO_DEADLINE;

  private final Session session;
  private final Stream stream;
  private final Event.Opened opened;
  private final Callbacks callbacks;
  private final long openedAt; // where there is a deadline
  private volatile ServerStreamListener listener; // set in the first callback
  private boolean toldEnd; // of the callbacks

  // A request that came whole, in one frame: it is kept here until it is asked for.
  private Event.Message whole; // seen by the callbacks, which start when the lock is released
  private boolean toldWhole; // of the callbacks

  // Of whoever answers, one thread at a time: what leaves with the status.
  private boolean oneResponse;
  private MetadataBlock headers;
  private ByteBuffer message;
  private boolean messageCompressed;

  private volatile Outcome cancelled;

  /**
   * A call that has been opened.
   *
   * @param executor where it is served; null for the thread that reads, as far as its pace allows
   * @param pace of its method; null for one that must not hold up the reader
   * @param alone whether no other call is open on its connection
   */
  ServerStream(Session session, Event.Opened opened, Executor executor, Pace pace, boolean alone) {
    this.session = session;
    this.stream = opened.stream();
    this.opened = opened;
    this.openedAt = opened.deadlineNanos() == NO_DEADLINE ? 0 : System.nanoTime();
    Runnable rejected =
        () -> {
          abort(Code.UNAVAILABLE, "the server's executor takes no calls");
          served(); // nobody is told
        };
    if (executor != null) {
      this.callbacks = new Callbacks(executor, session.background(), rejected);
    } else {
      boolean here = pace != null && !pace.nextIsSlow(alone);
      Executor chosen = here ? session.background() : Workers.pool();
      this.callbacks = new Callbacks(chosen, session.background(), rejected, pace, alone);
    }
  }

  // ---- what was asked for

  /** {@code /package.Service/Method}. */
  public String path() {
    return opened.path();
  }

  /** The request's metadata. */
  public MetadataBlock metadata() {
    return opened.metadata();
  }

  /** What is left of the client's time now, at least 0; or {@link #NO_DEADLINE}. */
  public long deadlineNanos() {
    long left = opened.deadlineNanos();
    return left == NO_DEADLINE ? left : Math.max(0, left - (System.nanoTime() - openedAt));
  }

  /** How long a call with a deadline has been open, in seconds, as the texts of faults have it. */
  public String age() {
    return Seconds.of(System.nanoTime() - openedAt);
  }

  /** Who calls, as the operating system vouches for it. */
  public Peer peer() {
    return session.link().peer();
  }

  /** What {@link ConnectionObserver#connected} gave for the connection that carries the call. */
  public Object connection() {
    return session.attachment();
  }

  // ---- serving it

  /**
   * Takes the call up; in the first callback.
   *
   * @param oneResponse whether exactly one message is the answer
   */
  public void serve(boolean oneResponse, ServerStreamListener listener) {
    this.oneResponse = oneResponse;
    this.listener = Objects.requireNonNull(listener);
    if (!oneResponse) {
      act(
          c -> {
            if (c.isReady(stream)) {
              session.deliver(callbacks, listener::onReady);
            }
          });
    }
    // Both are volatile: a cancellation sees the listener, or is seen here. Told twice is no harm.
    Outcome before = cancelled;
    if (before != null) {
      listener.onCancelling(before);
    }
  }

  /** Whether the call ended before its status was written. */
  public boolean isCancelled() {
    return cancelled != null;
  }

  /** Whether this side has ended the call, or failed it: only its end is told any more. */
  public boolean isAborted() {
    return callbacks.isSealed();
  }

  /** Why the call ended before its status was written; null while it has not. */
  public Outcome cancellation() {
    return cancelled;
  }

  /**
   * All callbacks after this one run on another executor, and this task as the first of them; in
   * the first callback.
   */
  public void moveTo(Executor other, Runnable next) {
    callbacks.moveTo(other, next);
  }

  /**
   * Tells what is known of by now, which comes behind the first callback otherwise; in the first
   * callback, as the last thing that it does.
   */
  public void goOn() {
    callbacks.goOn();
  }

  /** The call is ready for messages while fewer bytes than this wait; 0 for the usual number. */
  public void readyBelow(int bytes) {
    act(c -> c.readyBelow(stream, bytes));
  }

  /** So many more messages are wanted. */
  public void request(int count) {
    if (whole == null) {
      act(c -> c.request(stream, count));
    } else if (count > 0 && !toldWhole && callbacks.add(this::tellWhole)) {
      callbacks.start();
    }
  }

  /** Whether a message can be sent without queueing more than one should. */
  public boolean isReady() {
    return cancelled == null && session.isReady(stream);
  }

  /** The response headers, once, before the first message. */
  public void sendHeaders(MetadataBlock block) {
    if (oneResponse) {
      headers = block;
    } else {
      act(c -> c.sendHeaders(stream, block));
    }
  }

  /** Sends a message. It is not changed afterwards by the caller. */
  public void sendMessage(ByteBuffer bytes, boolean compressed) {
    if (oneResponse) {
      message = bytes;
      messageCompressed = compressed;
    } else {
      act(c -> c.sendMessage(stream, bytes, compressed, false));
    }
  }

  /** The outcome. */
  public void close(Code code, String text, MetadataBlock trailers) {
    act(c -> c.sendStatus(stream, headers, message, messageCompressed, code, text, trailers));
  }

  /** Answers that nobody serves the method, and gives that text; in the first callback. */
  public String unknownMethod() {
    String method = path().startsWith("/") ? path().substring(1) : path();
    String text = Fault.METHOD_UNKNOWN.text(method);
    refuse(Code.UNIMPLEMENTED, text);
    return text;
  }

  /** Answers with a status and nothing else; in the first callback. */
  public void refuse(Code code, String text) {
    serve(false, ServerStreamListener.NOBODY);
    close(code, text, MetadataBlock.EMPTY);
  }

  /** As {@link #abort}, where no handler has seen the call: its caller may try it again. */
  public void giveBack(Code code, String text) {
    act(c -> c.refuse(stream, code, text));
    abort(code, text);
  }

  /** Ends the call at once: what is queued is dropped, both ways. */
  public void abort(Code code, String text) {
    act(
        c -> {
          if (isAttended()) {
            c.reset(stream, code, text);
            cancelNow(session, Outcome.failure(code, text, null));
            if (callbacks.abort(this::tellCancelled)) {
              session.afterwards(callbacks::start);
            }
          }
        });
  }

  /** Gives a status because the handler has failed; it is told of the end, and of nothing else. */
  public void fail(Code code, String text) {
    act(
        c -> {
          // First: nothing is told any more of what follows here.
          boolean starts = callbacks.abort(this::tellCancelled);
          c.sendStatus(stream, headers, null, false, code, text, MetadataBlock.EMPTY);
          if (starts) {
            session.afterwards(callbacks::start);
          }
        });
  }

  /** Nothing of this call is left to be told. */
  private void served() {
    act(c -> c.served(stream));
  }

  private void act(Session.Action action) {
    session.perform(action);
  }

  private void tellCancelled() {
    if (listener != null && !toldEnd) {
      toldEnd = true; // first: a listener that fails here has the call failed once more
      listener.onCancel();
    }
    served();
  }

  private void tellComplete() {
    toldEnd = true;
    listener.onComplete();
  }

  private void tellMessage(Event.Message message) {
    if (!toldEnd) { // it may have come before the message was asked for
      listener.onMessage(message.bytes(), message.compressed());
    }
  }

  private void tellWhole() {
    if (!toldEnd && !toldWhole) { // it may have been asked for twice before it was told
      toldWhole = true;
      listener.onRequest(whole.bytes(), whole.compressed());
    }
  }

  private void tellHalfClosed() {
    if (!toldEnd) {
      listener.onHalfClose();
    }
  }

  Callbacks callbacks() {
    return callbacks;
  }

  /** Its request came whole, and is kept here until it is asked for. */
  void cameWhole(Event.Message request) {
    whole = request;
  }

  // ---- events, under the session's lock

  @Override
  void message(Session from, Event.Message next) {
    from.deliver(callbacks, () -> tellMessage(next));
  }

  @Override
  void halfClosed(Session from) {
    from.deliver(callbacks, this::tellHalfClosed);
  }

  @Override
  void ready(Session from) {
    from.deliver(callbacks, () -> listener.onReady());
  }

  @Override
  void finished(Session from) {
    ended(from);
    from.deliver(callbacks, this::tellComplete);
  }

  @Override
  void reset(Session from, Event.Reset reset) {
    cancelNow(from, Outcome.of(reset));
    if (callbacks.isSealed()) {
      from.afterwards(this::served); // the handler has failed, and was told all that it is told
    }
    from.deliver(callbacks, this::tellCancelled);
  }

  /** The connection is over, by the background reader and without locks. */
  void lost(LinkException why) {
    act(
        c -> {
          cancelNow(session, Outcome.of(why));
          session.deliver(callbacks, this::tellCancelled);
        });
  }

  private void cancelNow(Session from, Outcome outcome) {
    ended(from);
    cancelled = outcome;
    ServerStreamListener told = listener;
    if (told != null) {
      from.afterwards(() -> callbacks.beside(() -> told.onCancelling(outcome)));
    }
  }
}
