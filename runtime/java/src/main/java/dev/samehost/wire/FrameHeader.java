package dev.samehost.wire;

import java.nio.ByteBuffer;

/**
 * The sixteen bytes before every payload, as last read. One object serves all frames of a {@link
 * FrameReader}.
 *
 * <pre>
 *     0               4       5       6       8              12              16
 *     +---------------+-------+-------+-------+---------------+---------------+
 *     | length  u32   | type  | flags | zero  | stream  u32   | word  u32     |
 *     +---------------+-------+-------+-------+---------------+---------------+
 * </pre>
 */
public final class FrameHeader {
  /** The bytes of a header. */
  public static final int BYTES = 16;

  private static final int TYPE_SHIFT = 32;
  private static final int FLAGS_SHIFT = 40;
  private static final int WORD_SHIFT = 32;

  private int length;
  private int type;
  private int flags;
  private int stream;
  private int word;

  FrameHeader() {}

  // Two numbers of eight bytes, not six smaller ones: a buffer checks and moves for each.

  void read(ByteBuffer in) {
    long first = in.getLong();
    long second = in.getLong();
    length = (int) first;
    type = (int) (first >>> TYPE_SHIFT) & 0xFF;
    flags = (int) (first >>> FLAGS_SHIFT) & 0xFF;
    stream = (int) second;
    word = (int) (second >>> WORD_SHIFT);
  }

  /** Writes a header; both buffers are little-endian, here and in {@link #read}. */
  static void write(ByteBuffer out, int length, FrameType type, int flags, int stream, int word) {
    long kind = (long) type.number() << TYPE_SHIFT | (flags & 0xFFL) << FLAGS_SHIFT;
    out.putLong(Integer.toUnsignedLong(length) | kind);
    out.putLong(Integer.toUnsignedLong(stream) | (long) word << WORD_SHIFT);
  }

  /** The bytes of the payload; at most the reader's limit. */
  public int length() {
    return length;
  }

  /** The number of the type, 0 to 255. */
  public int type() {
    return type;
  }

  /** All flags. */
  public int flags() {
    return flags;
  }

  /** Whether a flag is set. */
  public boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** The stream, unsigned; 0 for frames of the connection. */
  public int stream() {
    return stream;
  }

  /** The word, unsigned, whose meaning depends on the type. */
  public int word() {
    return word;
  }
}
