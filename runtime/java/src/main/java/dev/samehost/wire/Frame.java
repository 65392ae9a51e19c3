package dev.samehost.wire;

import java.nio.ByteBuffer;

/**
 * What a payload says, taken apart. One object serves all frames of a connection; its fields are
 * those of the type that was decoded last. Checks the form of a payload alone: what a frame may do
 * at this point, and how large its parts may be, is the connection's to know.
 */
public final class Frame {
  /** Blocks of metadata, the last one of each kind: most calls of a connection repeat it. */
  private final KnownBlock openMetadata = new KnownBlock();

  private final KnownBlock headersMetadata = new KnownBlock();
  private final KnownBlock trailers = new KnownBlock();

  private String path;
  private long deadlineNanos;
  private MetadataBlock headers;
  private MetadataBlock metadata;
  private String text;
  private int code;
  private long data;
  private Hello hello;

  /** A frame that was not decoded yet. */
  public Frame() {}

  /**
   * Takes a payload apart. Afterwards what is left of it is the message, where the frame has one.
   *
   * @throws WireException when the payload does not have the form that header and flags promise
   */
  public void decode(FrameType type, FrameHeader header, ByteBuffer payload) throws WireException {
    switch (type) {
      case HELLO -> hello = Hello.decode(payload);
      case OPEN -> decodeOpen(header, payload);
      case HEADERS -> {
        metadata(headersMetadata.read(payload));
        Fields.end(payload, "HEADERS");
      }
      case MESSAGE -> checkMessage(header);
      case STATUS -> decodeStatus(header, payload);
      case RESET -> text(shortText(payload, Fields.MAX_TEXT, "the text of a RESET"));
      case CREDIT -> Fields.end(payload, "CREDIT");
      case PING -> {
        data = Fields.u64(payload, "PING");
        Fields.end(payload, "PING");
      }
      case GOAWAY -> {
        code = Fields.u32(payload, "GOAWAY");
        text(shortText(payload, Fields.MAX_GOAWAY_TEXT, "the text of a GOAWAY"));
      }
    }
  }

  /** All that is left of a payload. */
  private static String shortText(ByteBuffer payload, int most, String what) throws WireException {
    return Fields.shortText(payload, payload.remaining(), most, what);
  }

  private void decodeOpen(FrameHeader header, ByteBuffer payload) throws WireException {
    path = header.has(Flags.PATH) ? Fields.path(payload) : null;
    deadlineNanos = -1;
    if (header.has(Flags.DEADLINE)) {
      long nanos = Fields.u64(payload, "the deadline");
      deadlineNanos = nanos < 0 ? Long.MAX_VALUE : nanos;
    }
    metadata(openMetadata.read(payload));
    if (!header.has(Flags.MESSAGE)) {
      Fields.end(payload, "OPEN");
    }
  }

  private static void checkMessage(FrameHeader header) throws WireException {
    if (!header.has(Flags.MESSAGE)) {
      if (!header.has(Flags.END) || header.length() != 0 || header.word() != 0) {
        throw WireException.protocol("a MESSAGE frame that is neither message nor half-close");
      }
    } else if (header.word() != 0) {
      if (header.length() == 0) {
        throw WireException.protocol("an empty piece of a message");
      }
      if (header.has(Flags.END)) {
        throw WireException.protocol("END before the last piece of a message");
      }
    }
  }

  private void decodeStatus(FrameHeader header, ByteBuffer payload) throws WireException {
    headers(header.has(Flags.HEADERS) ? headersMetadata.read(payload) : null);
    int count = Fields.u16(payload, "the text of a STATUS");
    text(Fields.shortText(payload, count, Fields.MAX_TEXT, "the text of a STATUS"));
    metadata(trailers.read(payload));
    if (!header.has(Flags.MESSAGE)) {
      Fields.end(payload, "STATUS");
    }
  }

  // G1 has a fence, some 7 ns, behind each store of a reference into an old object, as this is one:
  // what the last frame said already is not stored.

  @SuppressWarnings("ReferenceEquality") // one block that differs in no pair is stored as well
  private void headers(MetadataBlock read) {
    if (headers != read) {
      headers = read;
    }
  }

  @SuppressWarnings("ReferenceEquality") // as above
  private void metadata(MetadataBlock read) {
    if (metadata != read) {
      metadata = read;
    }
  }

  @SuppressWarnings("ReferenceEquality") // as above; no text is one and the same text
  private void text(String read) {
    if (text != read) {
      text = read;
    }
  }

  /** HELLO: what the peer says of itself. */
  public Hello hello() {
    return hello;
  }

  /** OPEN: the method's path, or null without PATH. */
  public String path() {
    return path;
  }

  /** OPEN: the nanoseconds that are left, or -1 without DEADLINE. */
  public long deadlineNanos() {
    return deadlineNanos;
  }

  /** STATUS: the response headers, or null without HEADERS. */
  public MetadataBlock headers() {
    return headers;
  }

  /** OPEN, HEADERS: the metadata. STATUS: the trailers. */
  public MetadataBlock metadata() {
    return metadata;
  }

  /** STATUS, RESET, GOAWAY: the text. */
  public String text() {
    return text;
  }

  /** GOAWAY: the number of the code. */
  public int code() {
    return code;
  }

  /** PING: its eight bytes. */
  public long data() {
    return data;
  }
}
