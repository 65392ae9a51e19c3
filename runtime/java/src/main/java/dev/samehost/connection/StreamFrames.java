package dev.samehost.connection;

import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.wire.Flags;
import dev.samehost.wire.Frame;
import dev.samehost.wire.FrameHeader;
import dev.samehost.wire.FrameReader;
import dev.samehost.wire.FrameType;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import dev.samehost.wire.MetadataBlock;
import dev.samehost.wire.WireException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What a side does on every frame of a stream: the table "What is not expected" of PROTOCOL.md. A
 * broken rule of the connection throws; a limit that one call exceeds ends that call alone.
 */
final class StreamFrames {
  /**
   * So many calls of the peer's may be over, but not for those who serve them: a peer that opens
   * and cancels must not have them pile up.
   */
  private static final int MOST_LINGERING = 1024;

  private static final Code[] CODES = Code.values();

  /** Java's largest array, which a message has to fit whatever its limit is. */
  private static final int MOST_BYTES = Integer.MAX_VALUE - 8;

  private final String address;
  private final Hello own;
  private final Streams streams;
  private final Methods methods;
  private final Outbound outbound;
  private final Event.Sink events;
  private final Frame frame = new Frame();
  private final int maxMessage;

  private Hello peer;

  /** Whether new streams are refused, because a GOAWAY was sent or received. */
  private boolean draining;

  /** The last stream of the peer's that was handed to this side's application, 0 for none. */
  private int lastAccepted;

  StreamFrames(
      Settings settings, Streams streams, Methods methods, Outbound outbound, Event.Sink events) {
    address = settings.address();
    own = settings.hello();
    this.streams = streams;
    this.methods = methods;
    this.outbound = outbound;
    this.events = events;
    maxMessage = Math.min(own.maxMessageBytes(), MOST_BYTES);
  }

  void peerSaidHello(Hello hello) {
    peer = hello;
    methods.mayBind(hello.maxMethods());
  }

  Hello peer() {
    return peer;
  }

  void drain() {
    draining = true;
  }

  int lastAccepted() {
    return lastAccepted;
  }

  /** Takes the frame that the reader stands at. */
  void take(FrameType type, FrameReader reader) throws WireException {
    FrameHeader header = reader.header();
    ByteBuffer payload = reader.payload();
    if (type == FrameType.OPEN) {
      frame.decode(type, header, payload);
      open(header, payload, reader.ownsPayload());
      return;
    }
    Stream stream = streams.find(header.stream());
    if (stream == null) {
      if (!streams.wasOpened(header.stream())) {
        throw broken(type + " on stream " + text(header.stream()) + ", which was never opened");
      }
      return;
    }
    frame.decode(type, header, payload);
    switch (type) {
      case HEADERS -> headers(stream);
      case MESSAGE -> message(stream, header, payload, reader.ownsPayload());
      case STATUS -> status(stream, header, payload, reader.ownsPayload());
      case RESET -> reset(stream, header);
      case CREDIT -> credit(stream, header.word());
      default -> throw new IllegalStateException("no frame of a stream: " + type);
    }
  }

  private void open(FrameHeader header, ByteBuffer payload, boolean owned) throws WireException {
    int id = header.stream();
    if (!streams.takePeerId(id)) {
      throw broken("OPEN of stream " + text(id) + ", which is " + whatItIs(id));
    }
    String path = methods.path(header.word(), frame.path());
    boolean hasMessage = header.has(Flags.MESSAGE);
    if (hasMessage) {
      Inbox.checkCredit(payload.remaining(), own.initialCredit(), id);
    }
    if (draining) {
      refuse(id, Code.UNAVAILABLE, Fault.PEER_DRAINING.text(address));
      return;
    }
    if (streams.peerOpen() >= own.maxStreams() || streams.lingering() >= MOST_LINGERING) {
      String text = Fault.TOO_MANY_STREAMS.text(own.maxStreams());
      refuse(id, Code.RESOURCE_EXHAUSTED, text);
      return;
    }
    MetadataBlock metadata = frame.metadata();
    Excess excess = metadata(metadata, true);
    if (excess == null && hasMessage) {
      excess = message(header, payload.remaining(), metadata, true);
    }
    if (excess != null) {
      outbound.frames.reset(id, 0, Outbound.number(excess.fault.code()), excess.text);
      return;
    }
    Stream stream = new Stream(id, false, peer.initialCredit(), own.initialCredit());
    stream.peerMetadata = metadata;
    streams.add(stream);
    lastAccepted = id;
    if (hasMessage) {
      stream.inbox.spend(payload.remaining());
      stream.inbox.take(payload, owned, header.has(Flags.COMPRESSED), 0, events);
    }
    boolean ends = header.has(Flags.END);
    if (ends) {
      stream.to(StreamState.HALF_CLOSED);
    }
    events.take(new Event.Opened(stream, path, frame.deadlineNanos(), metadata));
    if (ends) {
      stream.inbox.end(new Event.HalfClosed(stream), events);
    }
  }

  private void refuse(int id, Code code, String text) {
    outbound.frames.reset(id, Flags.REFUSED, Outbound.number(code), text);
  }

  private void halfClose(Stream stream) {
    stream.to(StreamState.HALF_CLOSED);
    stream.inbox.end(new Event.HalfClosed(stream), events);
  }

  private void headers(Stream stream) throws WireException {
    if (!stream.isLocal()) {
      throw broken("HEADERS from the opener of stream " + text(stream.id()));
    }
    if (stream.hasHeaders()) {
      throw broken("a second HEADERS on stream " + text(stream.id()));
    }
    Excess excess = metadata(frame.metadata(), false);
    if (excess != null) {
      exceeds(stream, excess);
      return;
    }
    stream.peerMetadata = frame.metadata();
    events.take(new Event.Headers(stream, frame.metadata()));
  }

  private void message(Stream stream, FrameHeader header, ByteBuffer payload, boolean owned)
      throws WireException {
    Inbox inbox = stream.inbox;
    boolean end = header.has(Flags.END);
    if (stream.isLocal()) {
      if (end) {
        throw broken("END from the acceptor of stream " + text(stream.id()));
      }
      if (!stream.hasHeaders()) {
        throw broken("MESSAGE before HEADERS on stream " + text(stream.id()));
      }
    } else if (stream.state() == StreamState.HALF_CLOSED) {
      throw broken("MESSAGE behind END on stream " + text(stream.id()));
    }
    if (!header.has(Flags.MESSAGE)) {
      if (inbox.isInsideMessage()) {
        throw broken("END inside a message on stream " + text(stream.id()));
      }
      halfClose(stream);
      return;
    }
    int length = payload.remaining();
    long after = Integer.toUnsignedLong(header.word());
    if (inbox.isInsideMessage()) {
      if (length + after != inbox.toCome() || header.has(Flags.COMPRESSED)) {
        throw broken("a piece that does not go on with the message of stream " + text(stream.id()));
      }
      inbox.spend(length);
    } else {
      inbox.spend(length);
      Excess excess = message(header, length + after, stream.peerMetadata, !stream.isLocal());
      if (excess != null) {
        exceeds(stream, excess);
        return;
      }
    }
    inbox.take(payload, owned, header.has(Flags.COMPRESSED), after, events);
    if (end) {
      halfClose(stream);
    }
    returnCredit(stream);
  }

  private void status(Stream stream, FrameHeader header, ByteBuffer payload, boolean owned)
      throws WireException {
    if (!stream.isLocal()) {
      throw broken("STATUS from the opener of stream " + text(stream.id()));
    }
    if (stream.inbox.isInsideMessage()) {
      throw broken("STATUS inside a message on stream " + text(stream.id()));
    }
    MetadataBlock headers = frame.headers();
    if (headers != null && stream.hasHeaders()) {
      throw broken("STATUS with a second HEADERS on stream " + text(stream.id()));
    }
    boolean hasMessage = header.has(Flags.MESSAGE);
    if (hasMessage && headers == null && !stream.hasHeaders()) {
      throw broken("STATUS with a message and no HEADERS on stream " + text(stream.id()));
    }
    if (hasMessage) {
      stream.inbox.spend(payload.remaining());
    }
    Excess excess = metadata(frame.metadata(), false);
    if (excess == null && headers != null) {
      excess = metadata(headers, false);
    }
    MetadataBlock named = headers != null ? headers : stream.peerMetadata;
    if (excess == null && hasMessage) {
      excess = message(header, payload.remaining(), named, false);
    }
    if (excess != null) {
      exceeds(stream, excess);
      return;
    }
    stream.peerMetadata = named;
    close(stream);
    Code code = code(header.word());
    boolean compressed = header.has(Flags.COMPRESSED);
    if (headers != null && hasMessage && stream.inbox.requested() > 0) {
      Pieces bytes = Pieces.take(payload, owned, 0);
      stream.inbox.clear();
      events.take(
          new Event.Answer(
              stream, headers, bytes, compressed, code, frame.text(), frame.metadata()));
      return;
    }
    if (headers != null) {
      events.take(new Event.Headers(stream, headers));
    }
    if (hasMessage) {
      stream.inbox.take(payload, owned, compressed, 0, events);
    }
    stream.inbox.end(new Event.Status(stream, code, frame.text(), frame.metadata()), events);
  }

  private void reset(Stream stream, FrameHeader header) throws WireException {
    boolean refused = header.has(Flags.REFUSED);
    if (header.word() == 0) {
      throw broken("RESET with the code 0 on stream " + text(stream.id()));
    }
    if (refused && !stream.isLocal()) {
      throw broken("REFUSED from the opener of stream " + text(stream.id()));
    }
    fail(stream, code(header.word()), frame.text(), refused, Event.Cause.PEER);
  }

  private void credit(Stream stream, int bytes) throws WireException {
    if (bytes == 0) {
      throw broken("CREDIT of 0 on stream " + text(stream.id()));
    }
    long credit = stream.outbox.credit + Integer.toUnsignedLong(bytes);
    if (credit > Integer.MAX_VALUE) {
      throw broken("CREDIT that makes " + credit + " on stream " + text(stream.id()));
    }
    stream.outbox.credit = credit;
    outbound.schedule(stream);
  }

  /** Sends back the credit of what was requested, when it is worth a frame. */
  void returnCredit(Stream stream) {
    int bytes = stream.isClosed() ? 0 : stream.inbox.takeCredit();
    if (bytes > 0) {
      outbound.frames.credit(stream.id(), bytes);
    }
  }

  /** A limit that one call exceeds, and what it fails with. */
  record Excess(Fault fault, String text) {}

  private Excess metadata(MetadataBlock block, boolean isServer) {
    int limit = own.maxMetadataBytes();
    return block.bytes() > limit ? metadataTooLarge(block.bytes(), limit, isServer) : null;
  }

  private Excess message(FrameHeader header, long bytes, MetadataBlock metadata, boolean isServer) {
    if (bytes > maxMessage) {
      return messageTooLarge(bytes, maxMessage, isServer);
    }
    if (header.has(Flags.COMPRESSED)) {
      byte[] name = metadata.first("grpc-encoding");
      String encoding = name == null ? "no name" : new String(name, StandardCharsets.UTF_8);
      if (!own.has(encoding) || !peer.has(encoding)) {
        return new Excess(Fault.ENCODING_UNKNOWN, Fault.ENCODING_UNKNOWN.text(encoding));
      }
    }
    return null;
  }

  /** Metadata larger than the server, or else the client, takes. */
  static Excess metadataTooLarge(int bytes, int limit, boolean isServer) {
    Fault fault = Fault.METADATA_TOO_LARGE;
    return new Excess(
        fault, fault.text(bytes, limit, side(isServer), "maximum inbound metadata size"));
  }

  /** A message larger than the server, or else the client, takes. */
  static Excess messageTooLarge(long bytes, int limit, boolean isServer) {
    Fault fault = Fault.MESSAGE_TOO_LARGE;
    return new Excess(
        fault, fault.text(bytes, limit, side(isServer), "maximum inbound message size"));
  }

  private static String side(boolean isServer) {
    return isServer ? "server" : "client";
  }

  /** Ends a call that exceeds a limit, here and at the peer. */
  void exceeds(Stream stream, Excess excess) {
    Code code = excess.fault.code();
    outbound.reset(stream, 0, code, excess.text);
    fail(stream, code, excess.text, false, Event.Cause.LIMIT);
  }

  /**
   * Ends a stream here, dropping what was not sent. What an opener has received whole is delivered
   * before; an acceptor need not look at the rest of a call that nobody waits for.
   */
  void fail(Stream stream, Code code, String text, boolean refused, Event.Cause cause) {
    close(stream);
    Event.Reset reset = new Event.Reset(stream, code, text, refused, cause);
    if (stream.isLocal()) {
      stream.inbox.cutOff(reset, events);
      return;
    }
    streams.linger(stream);
    stream.inbox.clear();
    events.take(reset);
  }

  /** Takes a stream from the wire, dropping what was not sent. */
  void close(Stream stream) {
    stream.to(StreamState.CLOSED);
    stream.outbox.clear();
    streams.remove(stream);
  }

  static Code code(int word) {
    return word >= 0 && word < CODES.length ? CODES[word] : Code.UNKNOWN;
  }

  /** What an id is that the peer may not open. */
  private String whatItIs(int id) {
    return streams.isLocal(id) && streams.wasOpened(id)
        ? "this side's own: the peer sends back what it is sent, and does not speak samehost"
        : "not the next of its opener's";
  }

  private static String text(int id) {
    return Integer.toUnsignedString(id);
  }

  private static WireException broken(String text) {
    return new WireException(GoAwayCode.PROTOCOL_ERROR, text);
  }
}
