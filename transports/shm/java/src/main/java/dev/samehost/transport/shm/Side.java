package dev.samehost.transport.shm;

import dev.samehost.transport.reception.Answer;

/**
 * One of the two sides, by who made the connection, and where its part of the shared memory is: the
 * layout, byte by byte as in the folder's README. Numbers only. A ring is named by the side that
 * writes it.
 */
enum Side {
  CONNECTOR(128, 640),
  ACCEPTOR(384, 768);

  /** Where the first ring begins. */
  static final int HEADER_BYTES = 4096;

  /** Where the size of a ring is told, behind the magic. */
  static final int RING_BYTES_AT = 8;

  /** The reader of the ring that this side writes sleeps until there is something to read. */
  static final int WAIT_DATA = 1;

  /** The writer of the ring that this side reads sleeps until there is room. */
  static final int WAIT_SPACE = 2;

  /** That writer has plugged the second socket, which is to be emptied. */
  static final int PLUGGED = 4;

  /** This side has closed the link, and writes and reads no more. */
  static final int CLOSED = 8;

  /** Where the position is up to which this side has written its ring. */
  final int tailAt;

  /** Where the position is up to which the ring that this side writes has been read. */
  final int headAt;

  /** Where the bits are that this side sets for the other one. */
  final int wordAt;

  Side(int tailAt, int wordAt) {
    this.tailAt = tailAt;
    this.headAt = tailAt + 128;
    this.wordAt = wordAt;
  }

  static byte[] magic() {
    return new byte[] {(byte) 0xF6, 'S', 'H', 'M', 'M', 'E', 'M', 1};
  }

  /** The other one. */
  Side peer() {
    return this == CONNECTOR ? ACCEPTOR : CONNECTOR;
  }

  /** Where the ring is that this side writes. */
  int ringAt(int ringBytes) {
    return this == CONNECTOR ? HEADER_BYTES : HEADER_BYTES + ringBytes;
  }

  /** How many bytes the memory has. */
  static int regionBytes(int ringBytes) {
    return HEADER_BYTES + 2 * ringBytes;
  }

  /** The size that is given to one who wants {@code bytes}, an unsigned number. */
  static int ringSizeFor(int bytes, int most) {
    // Rounded down where the limit is no power of two.
    int limit = Integer.highestOneBit((int) clamp(most, Answer.MOST_RING_BYTES));
    long wanted = clamp(Integer.toUnsignedLong(bytes), limit);
    return (int) Math.min(limit, Long.highestOneBit(2 * wanted - 1));
  }

  private static long clamp(long bytes, int most) {
    return Math.max(Answer.LEAST_RING_BYTES, Math.min(bytes, most));
  }
}
