package dev.samehost.transport.posix;

import java.nio.ByteBuffer;

/**
 * Where the bytes of a buffer are, for a system call: the memory of a direct buffer itself, or a
 * copy for one on the heap. Used by one thread at a time.
 */
final class NativeBytes {
  private static final int SCRATCH_BYTES = 65_536;

  /** The last direct buffer and its address: links are mostly read into one and the same. */
  private ByteBuffer known;

  private long knownAddress;

  /** Made when a buffer on the heap first comes. */
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
    if (scratch == null) {
      scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES);
    }
    return scratch.clear().limit(Math.min(size, SCRATCH_BYTES));
  }
}
