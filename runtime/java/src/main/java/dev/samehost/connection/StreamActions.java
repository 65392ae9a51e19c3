package dev.samehost.connection;

import dev.samehost.transport.Code;
import dev.samehost.wire.Flags;
import dev.samehost.wire.FrameWriter;
import dev.samehost.wire.Hello;
import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;

/**
 * What the application does on streams, by the same rules that {@link StreamFrames} holds the peer
 * to: what the peer would not take fails the call here. Whatever is written waits in the stream's
 * {@link Outbox} for its turn, but for OPEN.
 */
final class StreamActions {
  private static final byte[] NO_TEXT = {};

  private final Hello own;
  private final Streams streams;
  private final Methods methods;
  private final Outbound outbound;
  private final StreamFrames streamFrames;
  private final Event.Sink events;

  StreamActions(
      Hello own,
      Streams streams,
      Methods methods,
      Outbound outbound,
      StreamFrames streamFrames,
      Event.Sink events) {
    this.own = own;
    this.streams = streams;
    this.methods = methods;
    this.outbound = outbound;
    this.streamFrames = streamFrames;
    this.events = events;
  }

  Stream open(
      Object attachment,
      String path,
      MetadataBlock metadata,
      long deadlineNanos,
      ByteBuffer message,
      boolean compressed,
      boolean end) {
    int word = methods.word(path);
    byte[] pathBytes = word == 0 ? FrameWriter.path(path) : null;
    int others = FrameWriter.openLength(pathBytes, deadlineNanos >= 0, MetadataBlock.EMPTY);
    StreamFrames.Excess excess = excess(metadata, others, true);
    if (excess == null && message != null) {
      excess = excess(message, true);
    }
    if (excess != null) {
      return failed(attachment, excess);
    }
    if (word == 0) {
      word = methods.bind(path);
    }
    Stream stream =
        new Stream(
            streams.takeId(), true, streamFrames.peer().initialCredit(), own.initialCredit());
    stream.attach(attachment);
    stream.outbox.ended = end;
    streams.add(stream);
    outbound.open(stream, word, pathBytes, deadlineNanos, metadata, message, compressed, end);
    return stream;
  }

  /** A stream that the peer never hears of. */
  private Stream failed(Object attachment, StreamFrames.Excess excess) {
    Stream stream = new Stream(0, true, 0, 0);
    stream.attach(attachment);
    stream.to(StreamState.CLOSED);
    Code code = excess.fault().code();
    events.take(new Event.Reset(stream, code, excess.text(), false, Event.Cause.LIMIT));
    return stream;
  }

  void sendHeaders(Stream stream, MetadataBlock headers) {
    if (stream.isClosed()) {
      return;
    }
    Outbox box = stream.outbox;
    check(!stream.isLocal(), "an opener has no response headers", stream);
    check(!box.hadHeaders && !box.ended, "headers come once and first", stream);
    StreamFrames.Excess excess = excess(headers, 2, false);
    if (excess != null) {
      streamFrames.exceeds(stream, excess);
      return;
    }
    box.headers = headers;
    box.hadHeaders = true;
    outbound.schedule(stream);
  }

  void sendMessage(Stream stream, ByteBuffer message, boolean compressed, boolean end) {
    if (stream.isClosed()) {
      return;
    }
    Outbox box = stream.outbox;
    check(!box.ended, "no message follows the end", stream);
    check(stream.isLocal() || !end, "an acceptor ends by a status", stream);
    check(stream.isLocal() || box.hadHeaders, "headers come before messages", stream);
    StreamFrames.Excess excess = excess(message, stream.isLocal());
    if (excess != null) {
      streamFrames.exceeds(stream, excess);
      return;
    }
    box.add(message, compressed);
    box.ended = end;
    box.halfClose = end;
    outbound.schedule(stream);
  }

  void halfClose(Stream stream) {
    if (stream.isClosed()) {
      return;
    }
    check(stream.isLocal(), "an acceptor ends by a status", stream);
    check(!stream.outbox.ended, "the end comes once", stream);
    stream.outbox.ended = true;
    stream.outbox.halfClose = true;
    outbound.schedule(stream);
  }

  void sendStatus(
      Stream stream,
      MetadataBlock headers,
      ByteBuffer message,
      boolean compressed,
      Code code,
      String text,
      MetadataBlock trailers) {
    if (stream.isClosed()) {
      return;
    }
    Outbox box = stream.outbox;
    check(!stream.isLocal(), "an opener ends by a half-close", stream);
    check(!box.ended, "the status comes once", stream);
    check(headers == null || !box.hadHeaders, "headers come once and first", stream);
    int others = FrameWriter.statusLength(null, NO_TEXT, MetadataBlock.EMPTY);
    StreamFrames.Excess excess = excess(trailers, others, false);
    if (excess == null && headers != null) {
      excess = excess(headers, 2, false);
    }
    if (excess == null && message != null) {
      excess = excess(message, false);
    }
    if (excess != null) {
      streamFrames.exceeds(stream, excess);
      return;
    }
    if (!box.hadHeaders && (headers != null || message != null)) {
      box.headers = headers != null ? headers : MetadataBlock.EMPTY;
      box.hadHeaders = true;
    }
    if (message != null) {
      box.add(message, compressed);
    }
    byte[] bytes = FrameWriter.text(text, outbound.roomForMetadata(others + trailers.bytes()));
    box.ended = true;
    box.status = new Outbox.Ending(Outbound.number(code), bytes, trailers);
    outbound.schedule(stream);
  }

  void reset(Stream stream, int flags, Code code, String text) {
    check(code != Code.OK, "a reset has another code than OK", stream);
    stream.inbox.clear();
    if (!stream.isClosed()) {
      outbound.reset(stream, flags, code, text);
      streamFrames.close(stream);
      if ((flags & Flags.REFUSED) == 0) {
        streams.linger(stream);
      }
    }
  }

  void request(Stream stream, int messages) {
    if (stream.isClosed() && !stream.isLocal()) {
      return; // it was answered, and no more is told of it
    }
    stream.inbox.request(messages, events);
    streamFrames.returnCredit(stream);
  }

  private StreamFrames.Excess excess(MetadataBlock metadata, int others, boolean isServer) {
    int limit = Math.min(streamFrames.peer().maxMetadataBytes(), outbound.roomForMetadata(others));
    int bytes = metadata.bytes();
    return bytes > limit ? StreamFrames.metadataTooLarge(bytes, limit, isServer) : null;
  }

  private StreamFrames.Excess excess(ByteBuffer message, boolean isServer) {
    int limit = streamFrames.peer().maxMessageBytes();
    int bytes = message.remaining();
    return bytes > limit ? StreamFrames.messageTooLarge(bytes, limit, isServer) : null;
  }

  static void check(boolean holds, String rule, Stream stream) {
    if (!holds) {
      throw new IllegalStateException(rule + ": " + stream);
    }
  }
}
