package dev.samehost.wire;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Large arrays that are used again: to clear a new one, and to fetch it into the caches, takes as
 * long as to copy a message into it. Whoever gives an array must not look at it any more. Nothing
 * is kept beyond a garbage collection. Thread-safe.
 */
public final class LargeArrays {
  private static final int LEAST_BYTES = 64 << 10;
  private static final int MOST_BYTES = 4 << 20;
  private static final int KEPT_OF_A_SIZE = 32;

  /** For each power of two the arrays that are kept, the last one given at the end. */
  private static final List<ArrayDeque<WeakReference<byte[]>>> KEPT = new ArrayList<>();

  static {
    for (int size = LEAST_BYTES; size <= MOST_BYTES; size *= 2) {
      KEPT.add(new ArrayDeque<>());
    }
  }

  private LargeArrays() {}

  /**
   * An array of at least so many bytes, whatever they are; of exactly so many where it is small.
   */
  public static byte[] take(int bytes) {
    if (bytes <= LEAST_BYTES / 2 || bytes > MOST_BYTES) {
      return new byte[bytes];
    }
    int size = size(bytes);
    byte[] kept = takeKept(KEPT.get(size));
    return kept != null ? kept : new byte[LEAST_BYTES << size];
  }

  private static synchronized byte[] takeKept(ArrayDeque<WeakReference<byte[]>> kept) {
    WeakReference<byte[]> last;
    while ((last = kept.pollLast()) != null) {
      byte[] array = last.get();
      if (array != null) {
        return array;
      }
    }
    return null;
  }

  /** Gives back an array, where it is of use and there is room. */
  static void give(byte[] array) {
    int length = array.length;
    if (length >= LEAST_BYTES && length <= MOST_BYTES && Integer.bitCount(length) == 1) {
      keep(KEPT.get(size(length)), array);
    }
  }

  /** Gives back the whole array that a buffer stands in, if it has one. */
  public static void give(ByteBuffer buffer) {
    if (buffer.hasArray() && buffer.arrayOffset() == 0) {
      give(buffer.array());
    }
  }

  private static synchronized void keep(ArrayDeque<WeakReference<byte[]>> kept, byte[] array) {
    if (kept.size() == KEPT_OF_A_SIZE) {
      kept.pollFirst(); // by now it is the one that was longest out of use
    }
    kept.addLast(new WeakReference<>(array));
  }

  /** The number of the smallest size with so many bytes. */
  private static int size(int bytes) {
    return Integer.SIZE - Integer.numberOfLeadingZeros((bytes - 1) / LEAST_BYTES);
  }
}
