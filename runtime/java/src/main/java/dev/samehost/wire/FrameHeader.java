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

  private int length;
  private int type;
  private int flags;
  private int stream;
  private int word;

  FrameHeader() {}

  void read(ByteBuffer in) {
    length = in.getInt();
    type = in.get() & 0xFF;
    flags = in.get() & 0xFF;
    in.getShort();
    stream = in.getInt();
    word = in.getInt();
  }

  static void write(ByteBuffer out, int length, FrameType type, int flags, int stream, int word) {
    out.putInt(length).put((byte) type.number()).put((byte) flags).putShort((short) 0);
    out.putInt(stream).putInt(word);
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
