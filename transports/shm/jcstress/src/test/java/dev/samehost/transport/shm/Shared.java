package dev.samehost.transport.shm;

import dev.samehost.transport.posix.SystemCallException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What two threads have between them: real shared memory with the smallest rings, of which the
 * connector writes one and the acceptor reads it. New memory for each of millions of rounds would
 * take too long: there is a fixed number, more than {@link InterleavingsTest} has in use at a time.
 */
class Shared {
  static final int RING_BYTES = 8;

  private static final Region[] REGIONS = new Region[2 * InterleavingsTest.ROUNDS_AT_ONCE];
  private static final AtomicInteger NEXT = new AtomicInteger();

  static {
    try {
      for (int i = 0; i < REGIONS.length; i++) {
        Region.Created created = Region.create(RING_BYTES);
        created.descriptor().close();
        REGIONS[i] = created.region();
      }
    } catch (SystemCallException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Region region;
  final RingWriter writer;
  final RingReader reader;

  /** Of the reader. */
  final ByteBuffer read = ByteBuffer.allocate(RING_BYTES);

  /** Rings whose first byte is at {@code position}, with nothing in them, and no bits set. */
  Shared(long position) {
    region = REGIONS[Math.floorMod(NEXT.getAndIncrement(), REGIONS.length)];
    region.setTail(Side.CONNECTOR, position);
    region.setHead(Side.CONNECTOR, position);
    region.clearBits(Side.CONNECTOR, -1);
    region.clearBits(Side.ACCEPTOR, -1);
    writer = new RingWriter(Side.CONNECTOR, position, position);
    reader = new RingReader(Side.CONNECTOR, position, position);
  }

  /** Writes what there is room for. */
  final int write(byte... bytes) {
    return writer.write(region, ByteBuffer.wrap(bytes));
  }

  /** Writes a byte, as a link does; whether the other side is to be rung for. */
  final boolean writeAndRing() {
    write((byte) 1);
    return Bells.toRing(region, Side.CONNECTOR, Side.WAIT_DATA, 0) != 0;
  }
}
