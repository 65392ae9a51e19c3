package dev.samehost.transport.reception;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A server's answer to an {@link Offer}. Bytes only, no I/O.
 *
 * @param isAccepted whether the memory and the second socket come with it
 * @param version the version that is spoken; the newest that the server speaks where it refuses
 * @param ringBytes the size of each ring, where it accepts
 * @param errno the system's error number, where it refuses; 0 where there is none
 * @param reason why it refuses, for people
 */
public record Answer(boolean isAccepted, int version, int ringBytes, int errno, String reason) {
  /** The smallest ring that is agreed on. */
  public static final int LEAST_RING_BYTES = 64 << 10;

  /** The largest ring that is agreed on. */
  public static final int MOST_RING_BYTES = 64 << 20;

  /** The longest text of a refusal. */
  private static final int MOST_TEXT_BYTES = 1024;

  private static final int ACCEPTED = 1;
  private static final int REFUSED = 2;

  /** What became of bytes that should be an answer. */
  public enum Kind {
    WHOLE,
    MORE,
    NONSENSE
  }

  /** What became of the bytes, and the answer when it is whole. */
  public record Decoded(Kind kind, Answer answer) {}

  /** An answer that comes with memory. */
  public static Answer accepted(int ringBytes) {
    return new Answer(true, Offer.VERSION, ringBytes, 0, "");
  }

  /** An answer that comes with nothing. */
  public static Answer refused(int errno, String reason) {
    return new Answer(false, Offer.VERSION, 0, errno, reason);
  }

  /** Its bytes, in a direct buffer. */
  public ByteBuffer encode() {
    byte[] text = cut(reason.getBytes(StandardCharsets.UTF_8));
    return Offer.words(
            Offer.WORDS_BYTES + text.length,
            version,
            isAccepted ? ACCEPTED : REFUSED,
            text.length,
            ringBytes,
            errno)
        .put(text)
        .flip();
  }

  /** The beginning of a text, in whole characters, short enough. */
  private static byte[] cut(byte[] text) {
    int end = Math.min(text.length, MOST_TEXT_BYTES);
    while (end < text.length && (text[end] & 0xC0) == 0x80) {
      end--;
    }
    return Arrays.copyOf(text, end);
  }

  /** The answer that bytes, which are not consumed, begin with. */
  public static Decoded decode(ByteBuffer bytes) {
    if (!Offer.beginsWithMagic(bytes)) {
      return new Decoded(Kind.NONSENSE, null);
    }
    if (bytes.remaining() < Offer.WORDS_BYTES) {
      return new Decoded(Kind.MORE, null);
    }
    ByteBuffer words = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    int version = Byte.toUnsignedInt(words.get(4));
    int textBytes = Short.toUnsignedInt(words.getShort(6));
    int ringBytes = words.getInt(8);
    return switch (words.get(5)) {
      case ACCEPTED ->
          version == Offer.VERSION && textBytes == 0 && isRingSize(ringBytes)
              ? new Decoded(Kind.WHOLE, accepted(ringBytes))
              : new Decoded(Kind.NONSENSE, null);
      case REFUSED -> refused(words, version, textBytes);
      default -> new Decoded(Kind.NONSENSE, null);
    };
  }

  private static Decoded refused(ByteBuffer words, int version, int textBytes) {
    if (textBytes > MOST_TEXT_BYTES) {
      return new Decoded(Kind.NONSENSE, null);
    }
    if (words.remaining() < Offer.WORDS_BYTES + textBytes) {
      return new Decoded(Kind.MORE, null);
    }
    ByteBuffer text = words.slice(Offer.WORDS_BYTES, textBytes);
    String reason = StandardCharsets.UTF_8.decode(text).toString();
    return new Decoded(Kind.WHOLE, new Answer(false, version, 0, words.getInt(12), reason));
  }

  /** Whether a ring may have so many bytes. */
  public static boolean isRingSize(int bytes) {
    return Integer.bitCount(bytes) == 1 && bytes >= LEAST_RING_BYTES && bytes <= MOST_RING_BYTES;
  }
}
