package dev.samehost.call;

import dev.samehost.transport.Code;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;

/**
 * One end of a connection as PROTOCOL.md describes it: bytes in, events out; actions in, bytes out.
 * It does no I/O, knows no clock and no threads, and is not thread-safe: its driver holds a lock
 * around every call of it, and around every {@link Stream}.
 *
 * <p>After {@link #receive}, {@link #receiveEnd}, {@link #sent} and after every action the driver
 * takes all events by {@link #nextEvent} and writes {@link #outbound}. Actions on a stream that is
 * over do nothing, for the peer may end it at any time; actions out of order (a message after the
 * end) are the caller's mistake and throw {@link IllegalStateException}.
 */
@SuppressWarnings("DoNotCallSuggester")
final class Connection {
  /** A connection at the beginning of its link. A connector has output at once. */
  Connection(Side side, Settings settings) {
    throw new UnsupportedOperationException();
  }

  // ---- input

  /**
   * Takes all bytes that arrived. They are looked at before this returns, and never afterwards: the
   * buffer may be used again. Bytes that come after the end are dropped.
   */
  void receive(ByteBuffer bytes) {
    throw new UnsupportedOperationException();
  }

  /** The link has ended; nothing more arrives. */
  void receiveEnd() {
    throw new UnsupportedOperationException();
  }

  /** The next event, or null when there is none. */
  Event nextEvent() {
    throw new UnsupportedOperationException();
  }

  // ---- output

  /**
   * What is to be written, from its position to its limit. A view: valid until the next call of
   * anything here; what was written is told by {@link #sent}, whatever the buffer's position then.
   */
  ByteBuffer outbound() {
    throw new UnsupportedOperationException();
  }

  /** So many bytes of {@link #outbound} were written. */
  void sent(int bytes) {
    throw new UnsupportedOperationException();
  }

  /** Whether {@link #outbound} has bytes. */
  boolean hasOutbound() {
    throw new UnsupportedOperationException();
  }

  // ---- actions

  /**
   * Whether a stream may be opened now: the connection is open, the peer takes one more, and the
   * outbound queue has room. When it is not, {@link Event.CanOpen} follows once it is again.
   */
  boolean canOpen() {
    throw new UnsupportedOperationException();
  }

  /**
   * Opens a stream, in one frame when all of it fits. Metadata or a message above the peer's limit
   * fails the stream: {@link Event.Reset} follows.
   *
   * @param deadlineNanos what is left of the call's time, or {@link Stream#NO_DEADLINE}
   * @param message the first message, or null; it is not changed afterwards by the caller
   * @param compressed whether the message is compressed
   * @param end whether no further message follows
   * @throws IllegalStateException when {@link #canOpen} is false
   */
  Stream open(
      String path,
      MetadataBlock metadata,
      long deadlineNanos,
      ByteBuffer message,
      boolean compressed,
      boolean end) {
    throw new UnsupportedOperationException();
  }

  /** The acceptor's response headers, once, before its first message. */
  void sendHeaders(Stream stream, MetadataBlock headers) {
    throw new UnsupportedOperationException();
  }

  /**
   * Sends a message, or queues it in the stream. Never refused for want of room: {@link #isReady}
   * asks for moderation.
   *
   * @param message not changed afterwards by the caller
   * @param end whether it is the opener's last one
   */
  void sendMessage(Stream stream, ByteBuffer message, boolean compressed, boolean end) {
    throw new UnsupportedOperationException();
  }

  /** The opener sends no further message. */
  void halfClose(Stream stream) {
    throw new UnsupportedOperationException();
  }

  /**
   * The acceptor's last word, which waits behind the messages that are queued; {@link
   * Event.Finished} follows when it is written. A unary response is one call of this and one frame.
   *
   * @param headers the response headers where none were sent, null for none (or when they were)
   * @param message the last message, or null
   * @param text what went wrong, cut to 4,096 bytes; empty for none
   */
  void sendStatus(
      Stream stream,
      MetadataBlock headers,
      ByteBuffer message,
      boolean compressed,
      Code code,
      String text,
      MetadataBlock trailers) {
    throw new UnsupportedOperationException();
  }

  /** Ends a stream at once, dropping what is queued. No event of it follows. */
  void reset(Stream stream, Code code, String text) {
    throw new UnsupportedOperationException();
  }

  /** As {@link #reset}, by the acceptor of a call that no handler has seen. */
  void refuse(Stream stream, Code code, String text) {
    throw new UnsupportedOperationException();
  }

  /** So many more messages of the stream are wanted; their events may follow at once. */
  void request(Stream stream, int messages) {
    throw new UnsupportedOperationException();
  }

  /** Asks the peer for a sign of life; {@link Event.Pong} follows. */
  void ping(long data) {
    throw new UnsupportedOperationException();
  }

  /**
   * Takes no new stream from now on, and opens none. The connection is {@link Event.Closed} when
   * the open ones are over and everything is written.
   */
  void goAway(String text) {
    throw new UnsupportedOperationException();
  }

  /**
   * Gives up, telling the peer by GOAWAY where that can be. Every stream fails with the fault.
   *
   * @param fault what this side reports
   */
  void fail(GoAwayCode code, String text, LinkException fault) {
    throw new UnsupportedOperationException();
  }

  /** The link is broken: as {@link #receiveEnd}, with the link's own fault and nothing to say. */
  void linkFailed(LinkException fault) {
    throw new UnsupportedOperationException();
  }

  /** HELLO has not arrived in time: gives up with the fault that fits what did arrive. */
  void helloTimeout(long seconds) {
    throw new UnsupportedOperationException();
  }

  // ---- queries

  /** Where the connection stands. */
  ConnectionState state() {
    throw new UnsupportedOperationException();
  }

  /** Why it ended; null while it has not, or when nothing was lost. */
  LinkException fault() {
    throw new UnsupportedOperationException();
  }

  /** Whether the stream takes a message without queueing more than it should. */
  boolean isReady(Stream stream) {
    throw new UnsupportedOperationException();
  }

  /** How many streams are open on the wire, of both sides. */
  int openStreams() {
    throw new UnsupportedOperationException();
  }

  /** The peer's HELLO, or null before it. */
  Hello peerHello() {
    throw new UnsupportedOperationException();
  }

  /** What came before the peer's preface, or its beginning: for logs and faults. */
  ByteBuffer skipped() {
    throw new UnsupportedOperationException();
  }

  /** How many bytes came before the peer's preface. */
  long skippedBytes() {
    throw new UnsupportedOperationException();
  }
}
