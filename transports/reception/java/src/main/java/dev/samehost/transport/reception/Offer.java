package dev.samehost.transport.reception;

import dev.samehost.transport.Listener.FirstBytes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A client's wish to go on in shared memory, which it says before anything else. Bytes only, no
 * I/O. The README of {@code transports/shm} draws it.
 *
 * @param version the newest version that the client speaks
 * @param ringBytes how large it wants the ring of each direction to be; unsigned
 */
public record Offer(int version, int ringBytes) {
  /** The version of the agreement and of the layout. */
  public static final int VERSION = 1;

  /** How many bytes an offer has, and an answer before its text. */
  public static final int WORDS_BYTES = 16;

  /** The client has the memory, and the bytes go through it from now on. */
  public static final byte ACK = 0x06;

  /** The client does not take the memory, and the bytes go over the socket. */
  public static final byte NAK = 0x15;

  /** F6 is in no HTTP token, and not the first byte of the wire's preface. */
  private static final byte[] MAGIC = {(byte) 0xF6, 'S', 'H', 'M'};

  /** Whether bytes, which are not consumed, begin an offer. */
  public static FirstBytes judge(ByteBuffer bytes) {
    if (!beginsWithMagic(bytes)) {
      return FirstBytes.NO;
    }
    return bytes.remaining() < WORDS_BYTES ? FirstBytes.MORE : FirstBytes.YES;
  }

  /** Whether bytes are, as far as they go, those that offers and answers begin with. */
  static boolean beginsWithMagic(ByteBuffer bytes) {
    int count = Math.min(bytes.remaining(), MAGIC.length);
    return bytes.slice(bytes.position(), count).equals(ByteBuffer.wrap(MAGIC, 0, count));
  }

  /** The offer of bytes that were judged to be one; they are consumed. */
  public static Offer decode(ByteBuffer bytes) {
    ByteBuffer words = bytes.slice(bytes.position(), WORDS_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.position(bytes.position() + WORDS_BYTES);
    return new Offer(Byte.toUnsignedInt(words.get(4)), words.getInt(8));
  }

  /** Its bytes, in a direct buffer. */
  public ByteBuffer encode() {
    return words(WORDS_BYTES, version, 0, 0, ringBytes, 0).clear();
  }

  /** Offers and answers have this form; the buffer is direct, and its position behind the form. */
  static ByteBuffer words(
      int capacity, int version, int verdict, int textBytes, int ringBytes, int errno) {
    return ByteBuffer.allocateDirect(capacity)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .put((byte) version)
        .put((byte) verdict)
        .putShort((short) textBytes)
        .putInt(ringBytes)
        .putInt(errno);
  }
}
