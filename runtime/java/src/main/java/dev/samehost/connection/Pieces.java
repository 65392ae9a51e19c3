package dev.samehost.connection;

import dev.samehost.wire.LargeArrays;
import java.nio.ByteBuffer;

/**
 * The bytes of a message as they arrived: a chain of pieces, most often of one. They are not joined
 * to one array: a large message is copied once less for that. It knows nothing of credit or of
 * limits.
 */
public final class Pieces {
  /** Smaller pieces share memory, as a peer might send a large message byte by byte. */
  private static final int SHARED_BYTES = 8 << 10;

  private final ByteBuffer bytes;
  private Pieces next;

  private Pieces(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  /** A message of one piece, which is backed by an array and belongs to it from now on. */
  public static Pieces of(ByteBuffer whole) {
    return new Pieces(whole);
  }

  /**
   * The next piece of a message.
   *
   * @param owned whether the bytes may be kept as they are
   * @param after how many bytes of the message follow
   */
  static Pieces take(ByteBuffer piece, boolean owned, long after) {
    int length = piece.remaining();
    if (owned && (after == 0 || length >= SHARED_BYTES)) {
      return new Pieces(piece.slice());
    }
    byte[] array = new byte[(int) Math.min(length + after, Math.max(length, SHARED_BYTES))];
    piece.get(array, 0, length);
    return new Pieces(ByteBuffer.wrap(array, 0, length));
  }

  /** Takes the piece that follows this one, and answers the last one then. */
  Pieces add(ByteBuffer piece, boolean owned, long after) {
    int end = bytes.limit();
    int length = piece.remaining();
    if (length > bytes.capacity() - end) {
      next = take(piece, owned, after);
      return next;
    }
    bytes.limit(end + length).put(end, piece, piece.position(), length);
    return this;
  }

  /** The bytes of the first piece, backed by an array, from its position to its limit. */
  public ByteBuffer bytes() {
    return bytes;
  }

  /** What follows the first piece, or null. */
  public Pieces next() {
    return next;
  }

  /** Nobody looks at the message any more: its memory is used again. Once. */
  public void release() {
    for (Pieces piece = this; piece != null; piece = piece.next) {
      LargeArrays.give(piece.bytes);
    }
  }

  /** How many bytes all pieces have. */
  public int size() {
    int size = 0;
    for (Pieces piece = this; piece != null; piece = piece.next) {
      size += piece.bytes.remaining();
    }
    return size;
  }
}
