package dev.samehost.interop;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.samehost.interop.proto.Block;

/** Blocks whose bytes follow from a number, so that a receiver knows each byte that must come. */
public final class Blocks {
  private static final int PERIOD = 251;

  private Blocks() {}

  /** A block of {@code size} bytes: byte i is (seed + i) mod 251. */
  public static Block of(int seed, int size) {
    byte[] body = new byte[size];
    int value = Math.floorMod(seed, PERIOD);
    for (int at = 0; at < size; at++) {
      body[at] = (byte) value;
      value = value + 1 == PERIOD ? 0 : value + 1;
    }
    return Block.newBuilder().setSeed(seed).setBody(UnsafeByteOperations.unsafeWrap(body)).build();
  }

  /** Whether every byte is as the block's number says. */
  public static boolean isIntact(Block block) {
    ByteString body = block.getBody();
    int value = Math.floorMod(block.getSeed(), PERIOD);
    for (int at = 0; at < body.size(); at++) {
      if (body.byteAt(at) != (byte) value) {
        return false;
      }
      value = value + 1 == PERIOD ? 0 : value + 1;
    }
    return true;
  }
}
