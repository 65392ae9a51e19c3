package dev.samehost.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The fields that payloads are made of: numbers, texts and metadata blocks. */
final class Fields {
  /** The longest description of a status, or text of a RESET. */
  static final int MAX_TEXT = 4096;

  /** That of a GOAWAY, whose frame then is no longer than any side takes at any time. */
  static final int MAX_GOAWAY_TEXT = MAX_TEXT - 4;

  static final int MIN_PATH = 3;
  static final int MAX_PATH = 1024;

  private static final byte[] NO_BYTES = {};

  private Fields() {}

  static int u16(ByteBuffer in, String what) throws WireException {
    need(in, 2, what);
    return in.getShort() & 0xFFFF;
  }

  static int u32(ByteBuffer in, String what) throws WireException {
    need(in, 4, what);
    return in.getInt();
  }

  static long u64(ByteBuffer in, String what) throws WireException {
    need(in, 8, what);
    return in.getLong();
  }

  static void end(ByteBuffer in, String what) throws WireException {
    if (in.hasRemaining()) {
      throw WireException.protocol(in.remaining() + " bytes left over after " + what);
    }
  }

  private static void need(ByteBuffer in, int bytes, String what) throws WireException {
    if (in.remaining() < bytes) {
      throw WireException.protocol("the payload ends in " + what);
    }
  }

  private static byte[] bytes(ByteBuffer in, int count, String what) throws WireException {
    if (count < 0 || in.remaining() < count) {
      throw WireException.protocol("the payload ends in " + what);
    }
    if (count == 0) {
      return NO_BYTES;
    }
    byte[] bytes = new byte[count];
    in.get(bytes);
    return bytes;
  }

  /** A text of {@code count} bytes, strictly UTF-8. */
  static String text(ByteBuffer in, int count, String what) throws WireException {
    return text(bytes(in, count, what), what);
  }

  static String text(byte[] bytes, String what) throws WireException {
    if (bytes.length == 0) {
      return "";
    }
    for (byte b : bytes) {
      if (b < 0) {
        return strictText(bytes, what);
      }
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static String strictText(byte[] bytes, String what) throws WireException {
    try {
      CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return text.toString();
    } catch (CharacterCodingException e) {
      throw WireException.protocol(what + " is not UTF-8");
    }
  }

  /** A text for people, of at most {@code most} bytes. */
  static String shortText(ByteBuffer in, int count, int most, String what) throws WireException {
    if (count > most) {
      throw WireException.protocol(what + " of " + count + " bytes, where " + most + " may be");
    }
    return text(in, count, what);
  }

  static String path(ByteBuffer in) throws WireException {
    int count = u16(in, "the path");
    if (count < MIN_PATH || count > MAX_PATH) {
      throw WireException.protocol("a path of " + count + " bytes");
    }
    String path = text(in, count, "the path");
    if (!isPath(path, count)) {
      throw WireException.protocol("a path that is not /package.Service/Method");
    }
    return path;
  }

  /** Whether a text of so many bytes is a path. */
  static boolean isPath(String text, int bytes) {
    return bytes >= MIN_PATH
        && bytes <= MAX_PATH
        && text.startsWith("/")
        && text.indexOf('/', 1) > 0;
  }

  static MetadataBlock metadata(ByteBuffer in) throws WireException {
    int count = u16(in, "a metadata block");
    if (count == 0) {
      return MetadataBlock.EMPTY;
    }
    int start = in.position();
    // Seven bytes are the least that a pair takes: a count that lies allocates no more than that.
    if (in.remaining() < 7L * count) {
      throw WireException.protocol("the payload ends in a metadata block");
    }
    String[] keys = new String[count];
    byte[][] values = new byte[count][];
    for (int i = 0; i < count; i++) {
      keys[i] = key(in);
      values[i] = bytes(in, u32(in, "a metadata value"), "a metadata value");
    }
    return new MetadataBlock(keys, values, count, in.position() - start);
  }

  private static String key(ByteBuffer in) throws WireException {
    int count = u16(in, "a metadata key");
    if (count == 0 || count > 255) {
      throw WireException.protocol("a metadata key of " + count + " bytes");
    }
    byte[] key = bytes(in, count, "a metadata key");
    for (byte b : key) {
      if (!MetadataBlock.isKeyCharacter(b)) {
        throw WireException.protocol("a metadata key that holds the byte " + (b & 0xFF));
      }
    }
    String text = new String(key, StandardCharsets.ISO_8859_1);
    return text.equals(MetadataBlock.ACCEPT_ENCODING) ? MetadataBlock.ACCEPT_ENCODING : text;
  }

  static void putMetadata(ByteBuffer out, MetadataBlock block) {
    int count = block.size();
    out.putShort((short) count);
    if (count > 0) {
      out.put(block.encoded());
    }
  }

  /** The pairs of a block as they travel, behind their count. */
  static byte[] encoded(String[] keys, byte[][] values, int size, int bytes) {
    ByteBuffer out = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < size; i++) {
      byte[] key = keys[i].getBytes(StandardCharsets.ISO_8859_1);
      byte[] value = values[i];
      out.putShort((short) key.length).put(key).putInt(value.length).put(value);
    }
    return out.array();
  }

  /** A text in UTF-8, cut at a character where it is longer than {@code most} bytes. */
  static byte[] cut(String text, int most) {
    if (text.isEmpty()) {
      return NO_BYTES;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= most) {
      return bytes;
    }
    int end = most;
    while (end > 0 && (bytes[end] & 0xC0) == 0x80) {
      end--;
    }
    return Arrays.copyOf(bytes, end);
  }
}
