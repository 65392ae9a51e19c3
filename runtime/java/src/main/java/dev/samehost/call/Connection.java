package dev.samehost.call;

import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.Flags;
import dev.samehost.wire.Frame;
import dev.samehost.wire.FrameHeader;
import dev.samehost.wire.FrameReader;
import dev.samehost.wire.FrameType;
import dev.samehost.wire.FrameWriter;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import dev.samehost.wire.MetadataBlock;
import dev.samehost.wire.PrefaceReader;
import dev.samehost.wire.WireException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;

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
final class Connection {
  private final Settings settings;
  private final Hello own;
  private final PrefaceReader preface;
  private final FrameReader reader = new FrameReader(Hello.MAX_BYTES);
  private final Frame frame = new Frame();
  private final Streams streams;
  private final Methods methods;
  private final Outbound outbound;
  private final StreamFrames streamFrames;
  private final ArrayDeque<Event> events = new ArrayDeque<>();

  private ConnectionState state = ConnectionState.AWAIT_PREFACE;
  private LinkException fault;
  private Hello peer;
  private boolean saidHello;

  /** Pings that the peer has not answered. */
  private int pings;

  /** Whether {@link #canOpen} has answered false since the last {@link Event.CanOpen}. */
  private boolean wantsOpen;

  /** A connection at the beginning of its link. A connector has output at once. */
  Connection(Side side, Settings settings) {
    this.settings = settings;
    own = settings.hello();
    preface = new PrefaceReader(settings.noiseBytes());
    streams = new Streams(side, settings.firstStream());
    methods = new Methods(own.maxMethods());
    outbound = new Outbound(settings, streams, events);
    streamFrames = new StreamFrames(settings, streams, methods, outbound, frame, events);
    if (side == Side.CONNECTOR || settings.helloFirst()) {
      sayHello();
    }
  }

  // ---- input

  /**
   * Takes all bytes that arrived. They are looked at before this returns, and never afterwards: the
   * buffer may be used again. Bytes that come after the end are dropped.
   */
  void receive(ByteBuffer bytes) {
    ByteOrder order = bytes.order();
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    try {
      if (state == ConnectionState.AWAIT_PREFACE) {
        takePreface(bytes);
      }
      while (canReceive() && reader.next(bytes)) {
        takeFrame();
      }
    } catch (WireException e) {
      malformed(e.code(), e.getMessage());
    }
    reader.release(bytes);
    bytes.position(bytes.limit()).order(order);
    settle();
  }

  private boolean canReceive() {
    return state != ConnectionState.AWAIT_PREFACE && state != ConnectionState.CLOSED;
  }

  /** The link has ended; nothing more arrives. */
  void receiveEnd() {
    switch (state) {
      case AWAIT_PREFACE -> {
        if (preface.isInsidePreface()) {
          close(End.TRUNCATED, Fault.LINK_TRUNCATED.with(settings.address()));
        } else if (preface.isEmpty() || settings.noiseBytes() > 0) {
          close(End.CLEAN, Fault.PEER_GONE_BEFORE_HELLO.with(settings.address()));
        } else {
          close(End.MALFORMED, nonsense());
        }
      }
      case AWAIT_HELLO, OPEN, DRAINING -> {
        if (!reader.isBetweenFrames()) {
          close(End.TRUNCATED, Fault.LINK_TRUNCATED.with(settings.address()));
        } else if (state == ConnectionState.AWAIT_HELLO) {
          close(End.CLEAN, Fault.PEER_GONE_BEFORE_HELLO.with(settings.address()));
        } else {
          boolean lost = streams.open() > 0;
          close(End.CLEAN, lost ? Fault.LINK_ENDED.with(settings.address()) : null);
        }
      }
      case CLOSED -> {}
    }
  }

  /** The next event, or null when there is none. */
  Event nextEvent() {
    return events.poll();
  }

  // ---- output

  /**
   * What is to be written, from its position to its limit. A view: valid until the next call of
   * anything here; what was written is told by {@link #sent}, whatever the buffer's position then.
   */
  ByteBuffer outbound() {
    return outbound.frames.view();
  }

  /** So many bytes of {@link #outbound} were written. */
  void sent(int bytes) {
    outbound.frames.sent(bytes);
    settle();
  }

  /** Whether {@link #outbound} has bytes. */
  boolean hasOutbound() {
    return outbound.frames.pending() > 0;
  }

  // ---- actions

  /**
   * Whether a stream may be opened now: the connection is open, the peer takes one more, and the
   * outbound queue has room. When it is not, {@link Event.CanOpen} follows once it is again.
   */
  boolean canOpen() {
    boolean can = mayOpen();
    wantsOpen |= !can;
    return can;
  }

  private boolean mayOpen() {
    return state == ConnectionState.OPEN
        && streams.localOpen() < peer.maxStreams()
        && outbound.hasRoom();
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
    if (!mayOpen()) {
      throw new IllegalStateException("no stream can be opened now");
    }
    int word = methods.word(path);
    byte[] pathBytes = word == 0 ? FrameWriter.path(path) : null;
    StreamFrames.Excess excess = openExcess(pathBytes, metadata, deadlineNanos, message);
    if (excess != null) {
      Stream failed = new Stream(0, true, 0, 0);
      failed.to(StreamState.CLOSED);
      Event.Cause cause = Event.Cause.LIMIT;
      events.add(new Event.Reset(failed, excess.fault().code(), excess.text(), false, cause));
      return failed;
    }
    if (word == 0) {
      word = methods.bind(path);
    }
    Stream stream = new Stream(streams.takeId(), true, peer.initialCredit(), own.initialCredit());
    streams.add(stream);
    outbound.open(stream, word, pathBytes, deadlineNanos, metadata, message, compressed, end);
    settle();
    return stream;
  }

  private StreamFrames.Excess openExcess(
      byte[] path, MetadataBlock metadata, long deadlineNanos, ByteBuffer message) {
    int others = FrameWriter.openLength(path, deadlineNanos >= 0, MetadataBlock.EMPTY);
    StreamFrames.Excess excess = metadataExcess(metadata, others, true);
    return excess != null || message == null ? excess : messageExcess(message, true);
  }

  private StreamFrames.Excess metadataExcess(MetadataBlock metadata, int others, boolean isServer) {
    int limit = Math.min(peer.maxMetadataBytes(), outbound.roomForMetadata(others));
    return metadata.bytes() > limit
        ? StreamFrames.metadataTooLarge(metadata.bytes(), limit, isServer)
        : null;
  }

  private StreamFrames.Excess messageExcess(ByteBuffer message, boolean isServer) {
    int limit = peer.maxMessageBytes();
    return message.remaining() > limit
        ? StreamFrames.messageTooLarge(message.remaining(), limit, isServer)
        : null;
  }

  /** The acceptor's response headers, once, before its first message. */
  void sendHeaders(Stream stream, MetadataBlock headers) {
    if (stream.isClosed()) {
      return;
    }
    Outbox box = stream.outbox;
    check(!stream.isLocal(), "an opener has no response headers", stream);
    check(!box.hadHeaders && !box.ended, "headers come once and first", stream);
    StreamFrames.Excess excess = metadataExcess(headers, 2, false);
    if (excess != null) {
      streamFrames.exceeds(stream, excess);
    } else {
      box.headers = headers;
      box.hadHeaders = true;
      outbound.schedule(stream);
    }
    settle();
  }

  private static void check(boolean holds, String rule, Stream stream) {
    if (!holds) {
      throw new IllegalStateException(rule + ": " + stream);
    }
  }

  /**
   * Sends a message, or queues it in the stream. Never refused for want of room: {@link #isReady}
   * asks for moderation.
   *
   * @param message not changed afterwards by the caller
   * @param end whether it is the opener's last one
   */
  void sendMessage(Stream stream, ByteBuffer message, boolean compressed, boolean end) {
    if (stream.isClosed()) {
      return;
    }
    Outbox box = stream.outbox;
    check(!box.ended, "no message follows the end", stream);
    check(stream.isLocal() || (box.hadHeaders && !end), "an acceptor ends by a status", stream);
    StreamFrames.Excess excess = messageExcess(message, stream.isLocal());
    if (excess != null) {
      streamFrames.exceeds(stream, excess);
    } else {
      box.add(message, compressed);
      box.ended = end;
      box.halfClose = end;
      outbound.schedule(stream);
    }
    settle();
  }

  /** The opener sends no further message. */
  void halfClose(Stream stream) {
    if (stream.isClosed()) {
      return;
    }
    check(stream.isLocal(), "an acceptor ends by a status", stream);
    check(!stream.outbox.ended, "the end comes once", stream);
    stream.outbox.ended = true;
    stream.outbox.halfClose = true;
    outbound.schedule(stream);
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
    StreamFrames.Excess excess = metadataExcess(trailers, 4, false);
    if (excess == null && headers != null) {
      excess = metadataExcess(headers, 2, false);
    }
    if (excess == null && message != null) {
      excess = messageExcess(message, false);
    }
    if (excess != null) {
      streamFrames.exceeds(stream, excess);
    } else {
      endBy(stream, headers, message, compressed, code, text, trailers);
    }
    settle();
  }

  private void endBy(
      Stream stream,
      MetadataBlock headers,
      ByteBuffer message,
      boolean compressed,
      Code code,
      String text,
      MetadataBlock trailers) {
    Outbox box = stream.outbox;
    if (headers != null) {
      box.headers = headers;
      box.hadHeaders = true;
    } else if (message != null && !box.hadHeaders) {
      box.headers = MetadataBlock.EMPTY;
      box.hadHeaders = true;
    }
    if (message != null) {
      box.add(message, compressed);
    }
    byte[] bytes = FrameWriter.text(text, outbound.roomForMetadata(4 + trailers.bytes()));
    box.ended = true;
    box.status = new Outbox.Ending(Outbound.number(code), bytes, trailers);
    outbound.schedule(stream);
  }

  /** Ends a stream at once, dropping what is queued. No event of it follows. */
  void reset(Stream stream, Code code, String text) {
    reset(stream, 0, code, text);
  }

  private void reset(Stream stream, int flags, Code code, String text) {
    stream.inbox.clear();
    if (!stream.isClosed()) {
      outbound.reset(stream, flags, code, text);
      streamFrames.close(stream);
      settle();
    }
  }

  /** As {@link #reset}, by the acceptor of a call that no handler has seen. */
  void refuse(Stream stream, Code code, String text) {
    check(!stream.isLocal(), "only an acceptor refuses", stream);
    reset(stream, Flags.REFUSED, code, text);
  }

  /** So many more messages of the stream are wanted; their events may follow at once. */
  void request(Stream stream, int messages) {
    stream.inbox.request(messages, events);
    streamFrames.returnCredit(stream);
    settle();
  }

  /** Asks the peer for a sign of life; {@link Event.Pong} follows. */
  void ping(long data) {
    if (state == ConnectionState.OPEN || state == ConnectionState.DRAINING) {
      pings++;
      outbound.frames.ping(0, data);
      settle();
    }
  }

  /**
   * Takes no new stream from now on, and opens none. The connection is {@link Event.Closed} when
   * the open ones are over and everything is written.
   */
  void goAway(String text) {
    if (state == ConnectionState.OPEN || state == ConnectionState.DRAINING) {
      writeGoAway(GoAwayCode.NO_ERROR, text);
      drain();
    } else if (state != ConnectionState.CLOSED) {
      close(End.CLEAN, Fault.LINK_CLOSED.with(settings.address()));
    }
    settle();
  }

  /**
   * Gives up, telling the peer by GOAWAY where that can be. Every stream fails with the fault.
   *
   * @param fault what this side reports
   */
  void fail(GoAwayCode code, String text, LinkException fault) {
    if (state != ConnectionState.CLOSED) {
      giveUp(code, text);
      close(End.FAILED, fault);
    }
  }

  /** The link is broken: as {@link #receiveEnd}, with the link's own fault and nothing to say. */
  void linkFailed(LinkException fault) {
    close(End.FAILED, fault);
  }

  /** HELLO has not arrived in time: gives up with the fault that fits what did arrive. */
  void helloTimeout(long seconds) {
    boolean isStrange = settings.noiseBytes() == 0 && !preface.isEmpty();
    if (state == ConnectionState.AWAIT_PREFACE && isStrange && !preface.isInsidePreface()) {
      close(End.MALFORMED, nonsense());
    } else if (state == ConnectionState.AWAIT_PREFACE || state == ConnectionState.AWAIT_HELLO) {
      String text = "no HELLO within " + seconds + " s";
      fail(GoAwayCode.HELLO_TIMEOUT, text, Fault.PEER_SILENT.with(settings.address(), seconds));
    }
  }

  // ---- queries

  /** Where the connection stands. */
  ConnectionState state() {
    return state;
  }

  /** Why it ended; null while it has not, or when nothing was lost. */
  LinkException fault() {
    return fault;
  }

  /** Whether the stream takes a message without queueing more than it should. */
  boolean isReady(Stream stream) {
    return !stream.isClosed() && !stream.outbox.ended && outbound.isReady(stream);
  }

  /** How many streams are open on the wire, of both sides. */
  int openStreams() {
    return streams.open();
  }

  /** The peer's HELLO, or null before it. */
  Hello peerHello() {
    return peer;
  }

  /** What came before the peer's preface, or its beginning: for logs and faults. */
  ByteBuffer skipped() {
    return preface.skipped();
  }

  /** How many bytes came before the peer's preface. */
  long skippedBytes() {
    return preface.skippedBytes();
  }

  /** Whether both sides have named a feature. */
  boolean hasFeature(String feature) {
    return peer != null && own.has(feature) && peer.has(feature);
  }

  // ---- the connection's own frames

  private void takePreface(ByteBuffer bytes) {
    switch (preface.take(bytes)) {
      case YES -> state = state.to(ConnectionState.AWAIT_HELLO);
      case HTTP2 -> close(End.MALFORMED, Fault.PEER_HTTP2.with(settings.address()));
      case HTTP1 -> close(End.MALFORMED, Fault.PEER_HTTP1.with(settings.address()));
      case NONSENSE -> close(End.MALFORMED, nonsense());
      case MORE -> {}
    }
  }

  private LinkException nonsense() {
    return Fault.PEER_NONSENSE.with(settings.address(), preface.firstBytes());
  }

  private void takeFrame() throws WireException {
    FrameHeader header = reader.header();
    FrameType type = FrameType.of(header.type());
    if (type == null) {
      if (header.type() >= FrameType.FIRST_SKIPPED && peer != null) {
        return;
      }
      throw broken("a frame of the unknown type " + header.type());
    }
    if (peer == null && type != FrameType.HELLO && type != FrameType.GOAWAY) {
      throw broken(type + " before HELLO");
    }
    if (type.isConnections() != (header.stream() == 0)) {
      throw broken(type + " with stream " + Integer.toUnsignedString(header.stream()));
    }
    switch (type) {
      case HELLO -> takeHello();
      case PING -> takePing();
      case GOAWAY -> takeGoAway();
      default -> streamFrames.take(type, reader);
    }
    checkUnread();
  }

  private void takeHello() throws WireException {
    if (peer != null) {
      throw broken("a second HELLO");
    }
    frame.decode(FrameType.HELLO, reader.header(), reader.payload());
    Hello hello = frame.hello();
    int version = Math.min(own.maxVersion(), hello.maxVersion());
    if (version < Math.max(own.minVersion(), hello.minVersion())) {
      mismatch(hello);
      return;
    }
    peer = hello;
    state = state.to(ConnectionState.OPEN);
    if (!saidHello) {
      sayHello();
    }
    reader.limit(own.maxFrameBytes());
    methods.mayBind(hello.maxMethods());
    outbound.peerSaidHello(hello);
    streamFrames.peerSaidHello(hello);
    events.add(new Event.HelloReceived(hello, version));
  }

  private void mismatch(Hello hello) {
    String text = "this side speaks the versions " + own.minVersion() + " to " + own.maxVersion();
    giveUp(GoAwayCode.VERSION_MISMATCH, text);
    close(
        End.MALFORMED,
        Fault.VERSION_MISMATCH.with(
            settings.address(),
            own.minVersion(),
            own.maxVersion(),
            hello.implementation(),
            hello.minVersion(),
            hello.maxVersion()));
  }

  private void takePing() throws WireException {
    frame.decode(FrameType.PING, reader.header(), reader.payload());
    if (!reader.header().has(Flags.ACK)) {
      outbound.frames.ping(Flags.ACK, frame.data());
    } else if (pings > 0) {
      pings--;
      events.add(new Event.Pong(frame.data()));
    }
  }

  private void takeGoAway() throws WireException {
    frame.decode(FrameType.GOAWAY, reader.header(), reader.payload());
    int last = reader.header().word();
    GoAwayCode code = GoAwayCode.of(frame.code());
    events.add(new Event.GoAway(last, code, frame.text()));
    if (code == GoAwayCode.REFUSED) {
      close(End.GOAWAY, Fault.PEER_REFUSED.with(settings.address(), frame.text()));
    } else if (code != GoAwayCode.NO_ERROR) {
      close(End.GOAWAY, Fault.PEER_GOAWAY.with(settings.address(), code, frame.text()));
    } else if (peer == null) {
      close(End.GOAWAY, Fault.PEER_DRAINING.with(settings.address()));
    } else {
      failUnseen(last);
      drain();
    }
  }

  /** Streams that the peer will not have seen, by its GOAWAY. */
  private void failUnseen(int last) {
    String text = Fault.PEER_DRAINING.text(settings.address());
    for (Stream stream : streams.all()) {
      if (stream.isLocal() && (last == 0 || Streams.isLater(stream.id(), last))) {
        streamFrames.fail(stream, Code.UNAVAILABLE, text, true, Event.Cause.GOAWAY);
      }
    }
  }

  private void drain() {
    streamFrames.drain();
    if (state == ConnectionState.OPEN) {
      state = state.to(ConnectionState.DRAINING);
    }
  }

  // ---- the end

  /** Answers that cannot wait must be read at some time, or the peer makes work without end. */
  private void checkUnread() throws WireException {
    if (outbound.frames.pending() > settings.outboundBytes()) {
      throw new WireException(
          GoAwayCode.LIMIT_EXCEEDED,
          outbound.frames.pending() + " bytes of answers wait, and the peer does not read them");
    }
  }

  private void malformed(GoAwayCode code, String text) {
    giveUp(code, text);
    close(End.MALFORMED, Fault.MALFORMED.with(settings.address(), code, text));
  }

  /** Tells a peer that is known to speak this wire why it is given up. */
  private void giveUp(GoAwayCode code, String text) {
    if (state != ConnectionState.AWAIT_PREFACE) {
      writeGoAway(code, text);
    }
  }

  private void writeGoAway(GoAwayCode code, String text) {
    if (!saidHello) {
      sayHello();
    }
    outbound.frames.goAway(streamFrames.lastAccepted(), code.number(), text);
  }

  private void sayHello() {
    saidHello = true;
    outbound.frames.preface();
    outbound.frames.hello(own);
  }

  private void close(End end, LinkException why) {
    if (state == ConnectionState.CLOSED) {
      return;
    }
    state = state.to(ConnectionState.CLOSED);
    fault = why;
    for (Stream stream : streams.all()) {
      streamFrames.fail(stream, why.code(), why.getMessage(), false, Event.Cause.CONNECTION);
    }
    events.add(new Event.Closed(end, why));
  }

  /** What may have become possible by whatever was done before. */
  private void settle() {
    outbound.fill();
    if (state == ConnectionState.DRAINING && streams.open() == 0 && !hasOutbound()) {
      close(End.CLEAN, null);
    }
    if (wantsOpen && mayOpen()) {
      wantsOpen = false;
      events.add(new Event.CanOpen());
    }
  }

  private static WireException broken(String text) {
    return new WireException(GoAwayCode.PROTOCOL_ERROR, text);
  }
}
