package dev.samehost.transport.shm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * The reading end of a ring, that which {@code writer} writes; see {@link RingWriter}. Bytes are
 * copied out before anybody looks at them. One thread at a time.
 */
final class RingReader {
  private static final VarHandle HEAD = RingWriter.position(MethodHandles.lookup(), "head");

  private final Side writer;

  /**
   * Of the reader, and looked at by others. What the memory says of it, the peer may have written.
   */
  private long head;

  /** The writer's position when it was last looked at. */
  private long tail;

  RingReader(Side writer) {
    this(writer, 0, 0);
  }

  /** One that has read up to {@code head}, and has seen the writer at {@code tail}. */
  RingReader(Side writer, long head, long tail) {
    this.writer = writer;
    this.head = head;
    this.tail = tail;
  }

  /** Reads what there is room for, and answers how many bytes that were, or a lie. */
  int read(Region region, ByteBuffer destination) {
    int there = (int) (tail - head);
    if (there == 0) {
      there = there(region);
      if (there <= 0) {
        return there;
      }
    }
    int count = copy(region, there, destination);
    HEAD.setOpaque(this, head + count);
    region.setHead(writer, head);
    return count;
  }

  /** Copies the first bytes that there are by now, and leaves them. */
  int peek(Region region, ByteBuffer destination) {
    int there = there(region);
    return there <= 0 ? there : copy(region, there, destination);
  }

  private int copy(Region region, int there, ByteBuffer destination) {
    int count = Math.min(there, destination.remaining());
    int size = region.ringBytes();
    int at = (int) head & (size - 1);
    int first = Math.min(count, size - at);
    int position = destination.position();
    region.copyOut(writer, at, destination, position, first);
    if (first < count) {
      region.copyOut(writer, 0, destination, position + first, count - first);
    }
    destination.position(position + count);
    return count;
  }

  /** How many bytes there are to read, by the writer's position of now, or a lie. */
  int there(Region region) {
    long now = region.tail(writer);
    long there = now - head;
    // It only moves forward, and never more than a ring beyond what was read.
    if (there < tail - head || there > region.ringBytes()) {
      return RingWriter.LIE;
    }
    tail = now;
    return (int) there;
  }

  /**
   * Whether the writer may wait for the room that reading so many bytes has made, by what was known
   * before: it was half a ring or more. Was it less, and the writer has filled the ring meanwhile,
   * then more than half a ring is found by the next look at its position, which comes before any
   * sleep, and this says yes then. Between two reads there must be a full fence.
   */
  boolean mayHaveFreed(Region region, int count) {
    return tail - (head - count) >= region.ringBytes() / 2;
  }

  /**
   * Whether there are bytes by now, or else a lie to be found by {@link #read}. From any thread:
   * nothing is remembered.
   */
  boolean hasBytes(Region region) {
    return region.tail(writer) != (long) HEAD.getOpaque(this);
  }
}
