package dev.samehost.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Turns frames into bytes, in one buffer that waits for the link: a direct one, so that a system
 * call takes the bytes from where they are. It grows with what waits and shrinks again slowly. A
 * large piece of a message may stay where it is, behind what is in the buffer; whatever follows
 * before it has gone takes it in there. The caller has checked every limit: what is given here
 * fits.
 */
public final class FrameWriter {
  private static final int SMALLEST = 4 << 10;

  /** How often the buffer must have been four times too large before it shrinks. */
  private static final int PATIENCE = 256;

  private static final byte[] NO_BYTES = {};

  /** A piece of at least so many bytes stays where it is. */
  private final int bulkBytes;

  /** Its position is behind the last byte that waits. */
  private ByteBuffer buffer = allocate(SMALLEST);

  /** The first byte that waits. */
  private int start;

  /** The same bytes, for the link to read. */
  private ByteBuffer view = buffer.duplicate();

  /** The most bytes that have waited since the buffer was empty. */
  private int peak;

  /** How often in a row the buffer was too large for all that waited. */
  private int tooLarge;

  /** The piece that stays where it is, or null. */
  private Bulk bulk;

  /** A writer without output, which takes every piece into its buffer. */
  public FrameWriter() {
    this(Integer.MAX_VALUE);
  }

  /** A writer without output that leaves pieces of at least so many bytes where they are. */
  public FrameWriter(int bulkBytes) {
    this.bulkBytes = bulkBytes;
  }

  /** A piece of a message whose bytes wait behind the buffer's. */
  private static final class Bulk {
    private final ByteBuffer bytes;
    private final int end;
    private int start;
    private boolean giveBack;

    private Bulk(ByteBuffer message, int length) {
      this.bytes = message.duplicate();
      this.start = message.position();
      this.end = start + length;
    }

    private int pending() {
      return end - start;
    }

    private ByteBuffer view() {
      return bytes.limit(end).position(start);
    }

    /** All of it has gone, or is in the buffer. */
    private void release() {
      if (giveBack) {
        LargeArrays.give(bytes);
      }
    }
  }

  /** How many bytes wait. */
  public int pending() {
    return buffered() + (bulk == null ? 0 : bulk.pending());
  }

  private int buffered() {
    return buffer.position() - start;
  }

  /** Whether a piece waits where it is: what is written now would take it into the buffer. */
  public boolean hasBulk() {
    return bulk != null;
  }

  /**
   * What waits, or the first part of it, from its position to its limit; valid until the next call
   * of anything here.
   */
  public ByteBuffer view() {
    return buffered() == 0 && bulk != null
        ? bulk.view()
        : view.clear().limit(buffer.position()).position(start);
  }

  /** So many bytes of what waits have been taken by the link. */
  public void sent(int bytes) {
    if (bytes < 0 || bytes > pending()) {
      throw new IllegalArgumentException(bytes + " bytes sent of " + pending());
    }
    int fromBuffer = Math.min(bytes, buffered());
    peak = Math.max(peak, buffered());
    start += fromBuffer;
    if (bulk != null) {
      bulk.start += bytes - fromBuffer;
      if (bulk.pending() == 0) {
        bulk.release();
        bulk = null;
      }
    }
    if (fromBuffer > 0 && start == buffer.position()) {
      empty();
    }
  }

  private void empty() {
    start = 0;
    buffer.clear();
    tooLarge = buffer.capacity() > SMALLEST && peak < buffer.capacity() / 4 ? tooLarge + 1 : 0;
    if (tooLarge == PATIENCE) {
      replace(Math.max(SMALLEST, buffer.capacity() / 2));
      tooLarge = 0;
    }
    peak = 0;
  }

  /** Gives its memory up where nothing waits; the next frame has new memory. */
  public void rest() {
    if (pending() == 0 && buffer.capacity() > 0) {
      replace(0);
      tooLarge = 0;
    }
  }

  private ByteBuffer reserve(int bytes) {
    if (bulk == null) {
      makeRoom(bytes);
    } else {
      makeRoom(Math.addExact(bulk.pending(), bytes));
      buffer.put(bulk.view());
      bulk.release();
      bulk = null;
    }
    return buffer;
  }

  private void makeRoom(int bytes) {
    if (buffer.remaining() < bytes) {
      int needed = Math.addExact(buffered(), bytes);
      if (needed <= buffer.capacity() / 2) {
        buffer.limit(buffer.position()).position(start);
        buffer.compact();
        start = 0;
      } else {
        replace(Math.max(needed, Math.max(SMALLEST, 2 * buffer.capacity())));
      }
    }
  }

  private void replace(int capacity) {
    ByteBuffer larger = allocate(capacity);
    larger.put(buffer.limit(buffer.position()).position(start));
    buffer = larger;
    view = buffer.duplicate();
    start = 0;
  }

  private static ByteBuffer allocate(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private ByteBuffer begin(FrameType type, int flags, int stream, int word, int length) {
    ByteBuffer out = reserve(FrameHeader.BYTES + length);
    FrameHeader.write(out, length, type, flags, stream, word);
    return out;
  }

  /** The eight bytes that come before everything else. */
  public void preface() {
    reserve(Preface.BYTES).put(Preface.bytes());
  }

  /** HELLO. */
  public void hello(Hello hello) {
    byte[] payload = hello.encode();
    begin(FrameType.HELLO, 0, 0, 0, payload.length).put(payload);
  }

  /** The length of an OPEN without its message. */
  public static int openLength(byte[] path, boolean deadline, MetadataBlock metadata) {
    return (path == null ? 0 : 2 + path.length) + (deadline ? 8 : 0) + 2 + metadata.bytes();
  }

  /**
   * OPEN, with the flags that its parts ask for added.
   *
   * @param flags END and COMPRESSED where they belong
   * @param path the path to send, or null
   * @param deadlineNanos what is left, or -1
   * @param message the first message, whole, or null
   */
  public void open(
      int stream,
      int flags,
      int word,
      byte[] path,
      long deadlineNanos,
      MetadataBlock metadata,
      ByteBuffer message) {
    boolean deadline = deadlineNanos >= 0;
    int all = flags;
    all |= path == null ? 0 : Flags.PATH;
    all |= deadline ? Flags.DEADLINE : 0;
    all |= message == null ? 0 : Flags.MESSAGE;
    int length = openLength(path, deadline, metadata) + size(message);
    ByteBuffer out = begin(FrameType.OPEN, all, stream, word, length);
    if (path != null) {
      out.putShort((short) path.length).put(path);
    }
    if (deadline) {
      out.putLong(deadlineNanos);
    }
    Fields.putMetadata(out, metadata);
    if (message != null) {
      out.put(message);
    }
  }

  /** HEADERS. */
  public void headers(int stream, MetadataBlock metadata) {
    Fields.putMetadata(begin(FrameType.HEADERS, 0, stream, 0, 2 + metadata.bytes()), metadata);
  }

  /**
   * MESSAGE with the next {@code length} bytes of a message, which it moves past. They may be
   * looked at until they have been sent.
   *
   * @param flags END and COMPRESSED where they belong
   */
  public void message(int stream, int flags, ByteBuffer message, int length) {
    boolean stays = length >= bulkBytes;
    int toCome = message.remaining() - length;
    ByteBuffer out = reserve(FrameHeader.BYTES + (stays ? 0 : length));
    FrameHeader.write(out, length, FrameType.MESSAGE, flags | Flags.MESSAGE, stream, toCome);
    if (stays) {
      bulk = new Bulk(message, length);
    } else {
      out.put(out.position(), message, message.position(), length);
      out.position(out.position() + length);
    }
    message.position(message.position() + length);
  }

  /** The memory of the message whose last piece was just written is used again once it has gone. */
  public void giveBack(ByteBuffer message) {
    if (bulk != null) {
      bulk.giveBack = true;
    } else {
      LargeArrays.give(message);
    }
  }

  /** A bare half-close. */
  public void halfClose(int stream) {
    begin(FrameType.MESSAGE, Flags.END, stream, 0, 0);
  }

  /** The length of a STATUS without its message; {@code headers} may be null. */
  public static int statusLength(MetadataBlock headers, byte[] text, MetadataBlock trailers) {
    return (headers == null ? 0 : 2 + headers.bytes()) + 2 + text.length + 2 + trailers.bytes();
  }

  /**
   * STATUS, with the flags that its parts ask for added.
   *
   * @param flags COMPRESSED where it belongs
   * @param headers the response headers, or null
   * @param text at most 4,096 bytes of UTF-8
   * @param message the last message, whole, or null
   */
  public void status(
      int stream,
      int flags,
      int code,
      MetadataBlock headers,
      byte[] text,
      MetadataBlock trailers,
      ByteBuffer message) {
    int all = flags;
    all |= headers == null ? 0 : Flags.HEADERS;
    all |= message == null ? 0 : Flags.MESSAGE;
    int length = statusLength(headers, text, trailers) + size(message);
    ByteBuffer out = begin(FrameType.STATUS, all, stream, code, length);
    if (headers != null) {
      Fields.putMetadata(out, headers);
    }
    out.putShort((short) text.length).put(text);
    Fields.putMetadata(out, trailers);
    if (message != null) {
      out.put(message);
    }
  }

  private static int size(ByteBuffer message) {
    return message == null ? 0 : message.remaining();
  }

  /** RESET; its text is cut to 4,096 bytes. */
  public void reset(int stream, int flags, int code, String text) {
    byte[] bytes = text(text);
    begin(FrameType.RESET, flags, stream, code, bytes.length).put(bytes);
  }

  /** CREDIT. */
  public void credit(int stream, int bytes) {
    begin(FrameType.CREDIT, 0, stream, bytes, 0);
  }

  /** PING or, with ACK, its answer. */
  public void ping(int flags, long data) {
    begin(FrameType.PING, flags, 0, 0, 8).putLong(data);
  }

  /** GOAWAY; its text is cut to 4,092 bytes. */
  public void goAway(int lastStream, int code, String text) {
    byte[] bytes = text(text, Fields.MAX_GOAWAY_TEXT);
    begin(FrameType.GOAWAY, 0, 0, lastStream, 4 + bytes.length).putInt(code).put(bytes);
  }

  /** A text for people as it is sent: in UTF-8, cut at a character to 4,096 bytes. */
  public static byte[] text(String text) {
    return text(text, Fields.MAX_TEXT);
  }

  /** A text for people, cut further where a frame has less room. */
  public static byte[] text(String text, int most) {
    return text.isEmpty() ? NO_BYTES : Fields.cut(text, Math.min(most, Fields.MAX_TEXT));
  }

  /**
   * A method path as it is sent.
   *
   * @throws IllegalArgumentException when it is none, or longer than 1,024 bytes
   */
  public static byte[] path(String path) {
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    if (!Fields.isPath(path, bytes.length)) {
      throw new IllegalArgumentException("not a method's path of 3 to 1,024 bytes: " + path);
    }
    return bytes;
  }

  /** Whether an OPEN can carry a path. */
  public static boolean isPath(String path) {
    return Fields.isPath(path, path.getBytes(StandardCharsets.UTF_8).length);
  }
}
