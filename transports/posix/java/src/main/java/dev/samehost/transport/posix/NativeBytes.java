package dev.samehost.transport.posix;

import java.nio.ByteBuffer;

/**
 * Where the bytes of a buffer are, for a system call: the memory of a direct buffer itself, or a
 * copy for one on the heap. Used by one thread at a time.
 */
final class NativeBytes {
  private static final int LEAST_SCRATCH_BYTES = 4_096;
  private static final int MOST_SCRATCH_BYTES = 65_536;

  /** The last direct buffer and its address: links are mostly read into one and the same. */
  private ByteBuffer known;

  private long knownAddress;

  /** Made when a buffer on the heap first comes, and larger when one has more bytes. */
  private ByteBuffer scratch;

  /** The address of the byte at {@code position} of a direct buffer. */
  @SuppressWarnings("ReferenceEquality") // the same memory is meant, not the same bytes
  long addressOf(ByteBuffer direct) {
    if (direct != known) {
      knownAddress = NativeMemory.address(direct);
      known = direct;
    }
    return knownAddress + direct.position();
  }

  /** A direct buffer, empty, with room for some or all of {@code size} bytes. */
  ByteBuffer scratch(int size) {
    int wanted = Math.min(size, MOST_SCRATCH_BYTES);
    if (scratch == null || scratch.capacity() < wanted) {
      int least = Math.max(wanted, LEAST_SCRATCH_BYTES);
      scratch = ByteBuffer.allocateDirect(Integer.highestOneBit(2 * least - 1));
    }
    return scratch.clear().limit(wanted);
  }

  /** Holds no memory. */
  void rest() {
    known = null;
    scratch = null;
  }
}
