package dev.samehost.transport.testkit;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** Moves whole runs of bytes over a link, waiting as often as needed and for 60 seconds at most. */
public final class Bytes {
  /** How long anything may take before it counts as stuck: machines are busy. */
  public static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private Bytes() {}

  /** {@code count} bytes that look like chance and are the same for the same seed. */
  public static byte[] random(int count, long seed) {
    byte[] bytes = new byte[count];
    SplittableRandom random = new SplittableRandom(seed);
    random.nextBytes(bytes);
    return bytes;
  }

  /** Writes all of {@code bytes}. */
  public static void write(Link link, byte[] bytes) throws LinkException {
    ByteBuffer source = ByteBuffer.wrap(bytes);
    long start = System.nanoTime();
    while (source.hasRemaining()) {
      if (link.write(source) == 0) {
        waitFor(link, Link.WRITE, start);
      }
    }
  }

  /** Reads {@code count} bytes. */
  public static byte[] read(Link link, int count) throws LinkException {
    ByteBuffer destination = ByteBuffer.allocate(count);
    long start = System.nanoTime();
    while (destination.hasRemaining()) {
      int got = link.read(destination);
      if (got < 0) {
        throw new AssertionError("the end after " + destination.position() + " bytes of " + count);
      }
      if (got == 0) {
        waitFor(link, Link.READ, start);
      }
    }
    return destination.array();
  }

  /** Reads everything up to the end. */
  public static byte[] readToEnd(Link link) throws LinkException {
    ByteBuffer destination = ByteBuffer.allocate(1024);
    long start = System.nanoTime();
    for (int got = link.read(destination); got >= 0; got = link.read(destination)) {
      if (got == 0) {
        waitFor(link, Link.READ, start);
      }
      if (!destination.hasRemaining()) {
        destination = ByteBuffer.allocate(2 * destination.capacity()).put(destination.flip());
      }
    }
    return Arrays.copyOf(destination.array(), destination.position());
  }

  /** Writes until the link takes no more, and answers how many bytes it took. */
  public static int clog(Link link) throws LinkException {
    ByteBuffer source = ByteBuffer.allocateDirect(32_768);
    int count = 0;
    // A reader on its way may make room once or twice more: nobody reads here.
    for (int taken = link.write(source.clear()); taken > 0; taken = link.write(source.clear())) {
      count += taken;
      if (count > 1 << 26) {
        throw new AssertionError("the link takes bytes without end that nobody reads");
      }
    }
    return count;
  }

  /** Writes a byte from time to time, to a peer that has gone, until that fails. */
  public static void writeUntilItFails(Link link) throws LinkException, InterruptedException {
    ByteBuffer one = ByteBuffer.allocate(1);
    long start = System.nanoTime();
    while (System.nanoTime() - start < PATIENCE_NANOS) {
      int ignored = link.write(one.clear());
      Thread.sleep(1);
    }
    throw new AssertionError("the link takes bytes for a peer that has gone");
  }

  private static void waitFor(Link link, int interest, long start) throws LinkException {
    long left = PATIENCE_NANOS - (System.nanoTime() - start);
    if (left <= 0) {
      throw new AssertionError("nothing moves any more");
    }
    int ignored = link.await(interest, left);
  }
}
