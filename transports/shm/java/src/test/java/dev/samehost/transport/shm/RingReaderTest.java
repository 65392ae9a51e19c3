package dev.samehost.transport.shm;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** When a reader looks whether a writer waits for room. */
@EnabledOnOs(OS.LINUX)
final class RingReaderTest {
  private static final int RING_BYTES = 4 << 10;
  private static final Side WRITER = Side.CONNECTOR;

  /**
   * Writes {@code first} bytes, has the reader see them, fills the ring; answers whether the reader
   * looks for a writer that waits before it finds the ring empty and sleeps.
   */
  private static boolean looks(int first, int piece) throws Exception {
    Region.Created created = Region.create(RING_BYTES);
    Region region = created.region();
    try {
      RingWriter writer = new RingWriter(WRITER);
      RingReader reader = new RingReader(WRITER);
      writer.write(region, ByteBuffer.allocate(first));
      assertThat(reader.there(region)).isEqualTo(first);
      writer.write(region, ByteBuffer.allocate(RING_BYTES));
      assertThat(writer.hasRoom(region)).isFalse();
      boolean looks = false;
      ByteBuffer bytes = ByteBuffer.allocate(piece);
      int count;
      while ((count = reader.read(region, bytes.clear())) > 0) {
        looks |= reader.mayHaveFreed(region, count);
      }
      return looks;
    } finally {
      region.close();
      created.descriptor().close();
    }
  }

  @Test
  void a_ring_that_was_filled_after_the_reader_had_looked_is_not_overlooked() throws Exception {
    int half = RING_BYTES / 2;
    for (int first : new int[] {1, half - 1, half, half + 1, RING_BYTES}) {
      for (int piece : new int[] {7, half, RING_BYTES}) {
        assertWithMessage("%s bytes seen, read by %s", first, piece)
            .that(looks(first, piece))
            .isTrue();
      }
    }
  }
}
