package dev.samehost.transport.shm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * The writing end of a ring: a stream of bytes between one writer and one reader. Positions count
 * the bytes since the beginning and never wrap; the place in the ring is the position modulo its
 * size. Each end keeps its own position for itself, and what it last saw of the other's: a cache
 * line of the peer is fetched only when by that there seems to be nothing to do. The peer is not
 * trusted: what it says of its position is checked. One thread at a time.
 */
final class RingWriter {
  /** The answer when the peer claims a position that it cannot have. */
  static final int LIE = -2;

  private static final VarHandle TAIL = position(MethodHandles.lookup(), "tail");

  private final Side side;

  /**
   * Of the writer, and looked at by others. What the memory says of it, the peer may have written.
   */
  private long tail;

  /** The reader's position when it was last looked at. */
  private long head;

  RingWriter(Side side) {
    this(side, 0, 0);
  }

  /** One that has written up to {@code tail}, and has seen the reader at {@code head}. */
  RingWriter(Side side, long tail, long head) {
    this.side = side;
    this.tail = tail;
    this.head = head;
  }

  /** Writes what there is room for, and answers how many bytes that were, or {@link #LIE}. */
  int write(Region region, ByteBuffer source) {
    int wanted = source.remaining();
    int size = region.ringBytes();
    int room = size - (int) (tail - head);
    if (room < wanted) {
      room = room(region);
      if (room < 0) {
        return LIE;
      }
    }
    int count = Math.min(room, wanted);
    if (count == 0) {
      return 0;
    }
    int at = (int) tail & (size - 1);
    int first = Math.min(count, size - at);
    int position = source.position();
    region.copyIn(side, at, source, position, first);
    if (first < count) {
      region.copyIn(side, 0, source, position + first, count - first);
    }
    source.position(position + count);
    TAIL.setOpaque(this, tail + count);
    region.setTail(side, tail);
    return count;
  }

  /** How much room there is, by the reader's position of now, or {@link #LIE}. */
  int room(Region region) {
    long now = region.head(side);
    long unread = tail - now;
    // It only moves forward, and never beyond what was written.
    if (unread < 0 || unread > tail - head) {
      return LIE;
    }
    head = now;
    return region.ringBytes() - (int) unread;
  }

  /**
   * Whether there is room by now, or else a lie to be found by {@link #write}. From any thread:
   * nothing is remembered.
   */
  boolean hasRoom(Region region) {
    return (long) TAIL.getOpaque(this) - region.head(side) != region.ringBytes();
  }

  /** The access to a field of an end of a ring, its own position. */
  static VarHandle position(MethodHandles.Lookup of, String field) {
    try {
      return of.findVarHandle(of.lookupClass(), field, long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
