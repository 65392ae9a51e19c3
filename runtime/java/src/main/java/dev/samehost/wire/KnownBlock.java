package dev.samehost.wire;

import java.nio.ByteBuffer;

/**
 * Reads metadata blocks, and gives the last one again where the same bytes come again: calls of one
 * client mostly say the same. It remembers small blocks alone.
 */
final class KnownBlock {
  private static final int MOST_BYTES = 256;

  /** The bytes of the block that is known, from the beginning to the limit; none at first. */
  private final ByteBuffer bytes = ByteBuffer.allocate(MOST_BYTES).limit(0);

  private MetadataBlock block;

  /** Reads a block, and moves past it. */
  MetadataBlock read(ByteBuffer in) throws WireException {
    int start = in.position();
    if (bytes.hasRemaining() && comesAgain(in)) {
      in.position(start + bytes.limit());
      return block;
    }
    MetadataBlock read = Fields.metadata(in);
    int count = in.position() - start;
    if (read.size() > 0 && count <= MOST_BYTES) {
      in.get(start, bytes.array(), 0, count);
      bytes.limit(count);
      block = read;
    }
    return read;
  }

  private boolean comesAgain(ByteBuffer in) {
    int differs = bytes.mismatch(in);
    return differs < 0 || differs == bytes.limit();
  }
}
