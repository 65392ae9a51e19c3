package dev.samehost.connection;

import dev.samehost.transport.Code;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import dev.samehost.wire.MetadataBlock;

/**
 * What a {@link Connection} tells its driver, whose {@link Sink} takes it at once. The events of
 * one stream come in the order of the wire; messages only as they are requested, and a half-close
 * or the end of the stream behind them. {@link Reset} of a stream that the peer opened overtakes
 * what was not delivered. After {@link Reset}, {@link Status}, {@link Answer} or {@link Finished}
 * nothing more comes of a stream. After {@link Closed} there is only what had arrived before and is
 * requested yet, with the end behind it.
 */
public sealed interface Event {
  /** Takes each event as it comes, in the midst of what brings it: it acts on nothing then. */
  interface Sink {
    void take(Event event);
  }

  /** The peer's HELLO: streams may be opened from now on. */
  record HelloReceived(Hello peer, int version) implements Event {}

  /**
   * The peer opened a stream. A message that came along is there to be requested by now, or to be
   * taken by {@link Connection#takeWholeRequest}.
   *
   * @param deadlineNanos what is left of its time, 0 for none left, or {@link Stream#NO_DEADLINE}
   */
  record Opened(Stream stream, String path, long deadlineNanos, MetadataBlock metadata)
      implements Event {}

  /**
   * The response headers of a stream that this side opened. They come before the first message and
   * before a {@link Status} that carried them; a status without headers has none.
   */
  record Headers(Stream stream, MetadataBlock metadata) implements Event {}

  /** A whole message that was requested. It belongs to whoever takes the event. */
  record Message(Stream stream, Pieces bytes, boolean compressed) implements Event {}

  /** The opener sends no further message. */
  record HalfClosed(Stream stream) implements Event {}

  /** The outcome of a stream that this side opened. */
  record Status(Stream stream, Code code, String text, MetadataBlock trailers) implements Event {}

  /**
   * A whole answer that came in one frame, to a stream that waited for its message: what would be
   * {@link Headers}, {@link Message} and {@link Status} otherwise.
   */
  record Answer(
      Stream stream,
      MetadataBlock headers,
      Pieces bytes,
      boolean compressed,
      Code code,
      String text,
      MetadataBlock trailers)
      implements Event {}

  /**
   * The status that this side gave is written, behind all of the stream's messages. A status that
   * has to wait is overtaken by a {@link Reset} at times, so only this says that it went out.
   */
  record Finished(Stream stream) implements Event {}

  /**
   * The stream ended without a status.
   *
   * @param refused no handler saw the call: it may be tried again elsewhere
   */
  record Reset(Stream stream, Code code, String text, boolean refused, Cause cause)
      implements Event {}

  /** Who ended a stream without a status. */
  enum Cause {
    /** The peer, by RESET. */
    PEER,
    /** This side, by a limit of its own or of the peer's; the peer has been told by RESET. */
    LIMIT,
    /** The peer's GOAWAY: it came too late to be seen. */
    GOAWAY,
    /**
     * The end of the connection: {@link Closed} follows, or came before where messages waited, and
     * {@link Connection#fault} says why.
     */
    CONNECTION
  }

  /** {@link Connection#isReady} of this stream has become true again. */
  record Ready(Stream stream) implements Event {}

  /**
   * The peer's GOAWAY. With NO_ERROR no stream can be opened any more and the open ones go on; with
   * any other code {@link Closed} follows.
   *
   * @param lastStream the last stream of this side's that the peer has accepted, 0 for none
   */
  record GoAway(int lastStream, GoAwayCode code, String text) implements Event {}

  /** {@link Connection#canOpen} has become true again, after it was found false. */
  record CanOpen() implements Event {}

  /** The answer to {@link Connection#ping}, with its eight bytes. */
  record Pong(long data) implements Event {}

  /**
   * The connection is over, and so is every stream on the wire. What {@link Connection#outbound}
   * still holds may be written before the link is closed.
   *
   * @param fault null when nothing was lost
   */
  record Closed(End end, LinkException fault) implements Event {}
}
