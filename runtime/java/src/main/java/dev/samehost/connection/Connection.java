package dev.samehost.connection;

import dev.samehost.transport.Code;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.Flags;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * One end of a connection as PROTOCOL.md describes it: bytes in, events out; actions in, bytes out.
 * It does no I/O, knows no clock and no threads, and is not thread-safe: its driver holds a lock
 * around every call of it, and around every {@link Stream}.
 *
 * <p>Its events go to an {@link Event.Sink} at once. After {@link #receive}, {@link #receiveEnd},
 * {@link #sent} and after every action the driver writes {@link #outbound}. Actions on a stream
 * that is over do nothing, for the peer may end it at any time; actions out of order (a message
 * after the end) are the caller's mistake and throw {@link IllegalStateException}.
 */
public final class Connection {
  private final Hello own;
  private final Streams streams;
  private final Outbound outbound;
  private final StreamActions actions;
  private final Lifecycle lifecycle;
  private final Event.Sink events;

  /** Whether {@link #canOpen} has answered false since the last {@link Event.CanOpen}. */
  private boolean wantsOpen;

  /** A connection at the beginning of its link. A connector has output at once. */
  public Connection(Side side, Settings settings, Event.Sink events) {
    this(side, settings, events, Integer.MAX_VALUE);
  }

  /**
   * The same over a link that takes pieces of messages from where they are, and not by way of the
   * queue.
   *
   * @param bulkBytes how long a piece must be for that
   */
  public Connection(Side side, Settings settings, Event.Sink events, int bulkBytes) {
    this.events = events;
    own = settings.hello();
    streams = new Streams(side, settings.firstStream());
    outbound = new Outbound(settings, bulkBytes, streams, events);
    Methods methods = new Methods(own.maxMethods());
    StreamFrames frames = new StreamFrames(settings, streams, methods, outbound, events);
    actions = new StreamActions(own, streams, methods, outbound, frames, events);
    lifecycle = new Lifecycle(side, settings, streams, outbound, frames, events);
  }

  // ---- input

  /**
   * Takes all bytes that arrived. They are looked at before this returns, and never afterwards: the
   * buffer may be used again. Bytes that come after the end are dropped.
   */
  public void receive(ByteBuffer bytes) {
    lifecycle.receive(bytes);
    settle();
  }

  /**
   * Memory for the next bytes of a frame of which a part was received, with room for no more than
   * the rest of it; null where none is. The link may be read into it instead; when it is full,
   * {@link #receive} is to be called, be it without bytes. Valid until that.
   */
  public ByteBuffer unfinished() {
    return lifecycle.unfinished();
  }

  /** The link has ended; nothing more arrives. */
  public void receiveEnd() {
    lifecycle.receiveEnd();
  }

  // ---- output

  /**
   * What is to be written next, from its position to its limit. A view: valid until the next call
   * of anything here; what was written is told by {@link #sent}, whatever the buffer's position
   * then.
   */
  public ByteBuffer outbound() {
    return outbound.frames.view();
  }

  /** So many bytes, from the first of {@link #outbound} on, were written. */
  public void sent(int bytes) {
    outbound.frames.sent(bytes);
    settle();
  }

  /** Gives memory up that is needed again with the next frame to be sent. */
  public void rest() {
    outbound.frames.rest();
  }

  /** Whether {@link #outbound} has bytes. */
  public boolean hasOutbound() {
    return outbound.frames.pending() > 0;
  }

  /** How many bytes are to be written, be they {@link #outbound} or behind it. */
  public int outboundBytes() {
    return outbound.frames.pending();
  }

  // ---- actions

  /**
   * Whether a stream may be opened now: the connection is open, the peer takes one more, and the
   * outbound queue has room. When it is not, {@link Event.CanOpen} follows once it is again.
   */
  public boolean canOpen() {
    boolean can = mayOpen();
    wantsOpen |= !can;
    return can;
  }

  private boolean mayOpen() {
    return lifecycle.state() == ConnectionState.OPEN
        && streams.localOpen() < lifecycle.peerHello().maxStreams()
        && outbound.hasRoom();
  }

  /**
   * Opens a stream, in one frame when all of it fits. Metadata or a message above the peer's limit
   * fails the stream: {@link Event.Reset} is told then.
   *
   * @param attachment of the stream, for the driver
   * @param deadlineNanos what is left of the call's time, or {@link Stream#NO_DEADLINE}
   * @param message the first message, or null; it belongs to the connection from now on
   * @param compressed whether the message is compressed
   * @param end whether no further message follows
   * @throws IllegalStateException when {@link #canOpen} is false
   * @throws IllegalArgumentException when the path is none, or longer than 1,024 bytes
   */
  public Stream open(
      Object attachment,
      String path,
      MetadataBlock metadata,
      long deadlineNanos,
      ByteBuffer message,
      boolean compressed,
      boolean end) {
    if (!mayOpen()) {
      throw new IllegalStateException("no stream can be opened now");
    }
    long deadline = deadlineNanos == Stream.NO_DEADLINE ? -1 : Math.max(0, deadlineNanos);
    Stream stream = actions.open(attachment, path, metadata, deadline, message, compressed, end);
    settle();
    outbound.noteStalled(stream);
    return stream;
  }

  /** The acceptor's response headers, once, before its first message. */
  public void sendHeaders(Stream stream, MetadataBlock headers) {
    actions.sendHeaders(stream, headers);
    settle();
  }

  /**
   * Sends a message, or queues it in the stream. Never refused for want of room: {@link #isReady}
   * asks for moderation.
   *
   * @param message belongs to the connection from now on, which moves its position
   * @param end whether it is the opener's last one
   */
  public void sendMessage(Stream stream, ByteBuffer message, boolean compressed, boolean end) {
    actions.sendMessage(stream, message, compressed, end);
    settle();
    outbound.noteStalled(stream);
  }

  /** The opener sends no further message. */
  public void halfClose(Stream stream) {
    actions.halfClose(stream);
    settle();
  }

  /**
   * The acceptor's last word, which waits behind the messages that are queued; {@link
   * Event.Finished} follows when it is written. A unary response is one call of this and one frame.
   *
   * @param headers the response headers where none were sent, null for none (or when they were)
   * @param message the last message, or null
   * @param text what went wrong, cut to 4,096 bytes; empty for none
   */
  public void sendStatus(
      Stream stream,
      MetadataBlock headers,
      ByteBuffer message,
      boolean compressed,
      Code code,
      String text,
      MetadataBlock trailers) {
    actions.sendStatus(stream, headers, message, compressed, code, text, trailers);
    settle();
  }

  /** Ends a stream at once, dropping what is queued. No event of it follows. */
  public void reset(Stream stream, Code code, String text) {
    actions.reset(stream, 0, code, text);
    settle();
  }

  /** As {@link #reset}, by the acceptor of a call that no handler has seen. */
  public void refuse(Stream stream, Code code, String text) {
    StreamActions.check(!stream.isLocal(), "only an acceptor refuses", stream);
    actions.reset(stream, Flags.REFUSED, code, text);
    settle();
  }

  /**
   * Whoever serves a stream of the peer's that this side or the peer has reset has come to its end.
   * The stream counts until then, beside those that are open.
   */
  public void served(Stream stream) {
    streams.served(stream);
  }

  /** So many more messages of the stream are wanted; their events may follow at once. */
  public void request(Stream stream, int messages) {
    actions.request(stream, messages);
    settle();
  }

  /** Asks the peer for a sign of life; {@link Event.Pong} follows. */
  public void ping(long data) {
    lifecycle.ping(data);
  }

  /**
   * Takes no new stream from now on, and opens none. The connection is {@link Event.Closed} when
   * the open ones are over and everything is written.
   */
  public void goAway(String text) {
    lifecycle.goAway(text);
    settle();
  }

  /**
   * Gives up, telling the peer by GOAWAY where that can be. Every stream fails with the fault.
   *
   * @param fault what this side reports, never null
   */
  public void fail(GoAwayCode code, String text, LinkException fault) {
    lifecycle.fail(code, text, fault);
  }

  /** The link is broken: as {@link #receiveEnd}, with the link's own fault and nothing to say. */
  public void linkFailed(LinkException fault) {
    lifecycle.close(End.FAILED, fault);
  }

  /** HELLO has not arrived in time: gives up with the fault that fits what did arrive. */
  public void helloTimeout(long nanos) {
    lifecycle.helloTimeout(nanos);
  }

  // ---- queries

  /** Where the connection stands. */
  ConnectionState state() {
    return lifecycle.state();
  }

  /** Why it ended; null while it has not, or when nothing was lost. */
  public LinkException fault() {
    return lifecycle.fault();
  }

  /** The stream is ready while fewer bytes than this wait in it; 0 for the usual number. */
  public void readyBelow(Stream stream, int bytes) {
    stream.outbox.readyBytes = bytes;
  }

  /** Whether the stream takes a message without queueing more than it should. */
  public boolean isReady(Stream stream) {
    return !stream.isClosed() && !stream.outbox.ended && outbound.isReady(stream);
  }

  /**
   * Takes the one message that is all that the opener of a stream has sent, though it was not
   * requested, and its half-close with it: no event of them follows. Null where it is not so. The
   * one action that may be done while {@link Event.Opened} is told.
   */
  public static Event.Message takeWholeRequest(Stream stream) {
    return stream.state() == StreamState.HALF_CLOSED ? stream.inbox.takeWhole() : null;
  }

  /** How many streams are open on the wire, of both sides. */
  public int openStreams() {
    return streams.open();
  }

  /** Does something with each open stream; the action changes none. */
  public void forEachStream(Consumer<Stream> action) {
    for (Stream stream : streams.all()) {
      action.accept(stream);
    }
  }

  /** The peer's HELLO, or null before it. */
  Hello peerHello() {
    return lifecycle.peerHello();
  }

  /** What came before the peer's preface, or its beginning: for logs and faults. */
  public ByteBuffer skipped() {
    return lifecycle.preface().skipped();
  }

  /** How many bytes came before the peer's preface. */
  public long skippedBytes() {
    return lifecycle.preface().skippedBytes();
  }

  /** Whether both sides have named a feature. */
  boolean hasFeature(String feature) {
    Hello peer = lifecycle.peerHello();
    return peer != null && own.has(feature) && peer.has(feature);
  }

  /** What may have become possible by whatever was done before. */
  private void settle() {
    outbound.fill();
    lifecycle.endWhenDrained();
    if (wantsOpen && mayOpen()) {
      wantsOpen = false;
      events.take(new Event.CanOpen());
    }
  }
}
