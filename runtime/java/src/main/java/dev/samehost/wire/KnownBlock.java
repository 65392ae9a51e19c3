package dev.samehost.wire;

import java.nio.ByteBuffer;

/**
 * Reads metadata blocks, and gives the last one again where the same bytes come again: calls of one
 * client mostly say the same. It remembers small blocks alone.
 */
final class KnownBlock {
  private static final int MOST_BYTES = 256;

  private final byte[] bytes = new byte[MOST_BYTES];
  private int length; // 0 while none is known
  private MetadataBlock block;

  /** Reads a block, and moves past it. */
  MetadataBlock read(ByteBuffer in) throws WireException {
    int start = in.position();
    if (length > 0 && comesAgain(in, start)) {
      in.position(start + length);
      return block;
    }
    MetadataBlock read = Fields.metadata(in);
    int count = in.position() - start;
    if (read.size() > 0 && count <= MOST_BYTES) {
      in.get(start, bytes, 0, count);
      length = count;
      block = read;
    }
    return read;
  }

  private boolean comesAgain(ByteBuffer in, int start) {
    if (in.remaining() < length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (in.get(start + i) != bytes[i]) {
        return false;
      }
    }
    return true;
  }
}
