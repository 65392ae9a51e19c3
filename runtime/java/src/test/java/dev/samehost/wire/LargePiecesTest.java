package dev.samehost.wire;

import static com.google.common.truth.Truth.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Pieces of messages that a writer of frames leaves where they are. */
final class LargePiecesTest {
  private static final int BULK_BYTES = 1_000;

  /** The size of an array that is used again. */
  private static final int ARRAY_BYTES = 1 << 20;

  /** Frames with small and large pieces between each other; a link that takes them when it may. */
  private static byte[] written(FrameWriter writer, Random frames, Random link) {
    byte[] bytes = new byte[1 << 20];
    ByteBuffer all = ByteBuffer.wrap(bytes);
    for (int i = 0; i < 200; i++) {
      switch (frames.nextInt(3)) {
        case 0 -> writer.ping(0, i);
        case 1 -> message(writer, frames.nextInt(BULK_BYTES));
        default -> message(writer, BULK_BYTES + frames.nextInt(3_000));
      }
      if (link.nextBoolean()) {
        take(writer, all, link.nextInt(4_000));
      }
      if (link.nextInt(4) == 0) {
        writer.rest();
      }
    }
    while (writer.pending() > 0) {
      take(writer, all, 1);
    }
    return Arrays.copyOf(bytes, all.position());
  }

  private static void message(FrameWriter writer, int bytes) {
    byte[] message = new byte[bytes + 10];
    new Random(bytes).nextBytes(message);
    ByteBuffer buffer = ByteBuffer.wrap(message, 3, bytes + 5);
    writer.message(1, 0, buffer, bytes);
    assertThat(buffer.position()).isEqualTo(3 + bytes);
  }

  /** What a link does: takes some of what it is shown, and moves the buffer's position or not. */
  private static void take(FrameWriter writer, ByteBuffer to, int most) {
    ByteBuffer view = writer.view();
    int count = Math.min(most, view.remaining());
    to.put(to.position(), view, view.position(), count).position(to.position() + count);
    if (most % 2 == 0) {
      view.position(view.limit());
    }
    writer.sent(count);
  }

  @Test
  void aWriterThatRestsHasNoMemoryUnlessSomethingWaits() {
    FrameWriter writer = new FrameWriter();
    writer.ping(0, 1);
    writer.rest();
    assertThat(writer.pending()).isEqualTo(FrameHeader.BYTES + 8);
    take(writer, ByteBuffer.allocate(100), 100);
    writer.rest();
    assertThat(writer.view().capacity()).isEqualTo(0);
    writer.ping(0, 2);
    assertThat(writer.pending()).isEqualTo(FrameHeader.BYTES + 8);
  }

  @Test
  void theBytesAreThoseOfAWriterThatTakesAllIntoItsBuffer() {
    for (int seed = 0; seed < 50; seed++) {
      byte[] copied = written(new FrameWriter(), new Random(seed), new Random(seed));
      byte[] left = written(new FrameWriter(BULK_BYTES), new Random(seed), new Random(-seed));
      assertThat(left).isEqualTo(copied);
    }
  }

  @Test
  void aLargePieceIsShownWhereItIs() {
    FrameWriter writer = new FrameWriter(BULK_BYTES);
    byte[] message = new byte[BULK_BYTES];
    writer.message(1, 0, ByteBuffer.wrap(message), BULK_BYTES);
    assertThat(writer.pending()).isEqualTo(FrameHeader.BYTES + BULK_BYTES);
    assertThat(writer.view().remaining()).isEqualTo(FrameHeader.BYTES);
    writer.sent(FrameHeader.BYTES + 10);
    assertThat(writer.hasBulk()).isTrue();
    message[10] = 9; // of which a copy would not know
    assertThat(writer.view().get()).isEqualTo(9);
    writer.sent(BULK_BYTES - 10);
    assertThat(writer.hasBulk()).isFalse();
    assertThat(writer.pending()).isEqualTo(0);
  }

  @Test
  void aSmallerPieceIsTakenIntoTheBuffer() {
    FrameWriter writer = new FrameWriter(BULK_BYTES);
    writer.message(1, 0, ByteBuffer.allocate(BULK_BYTES), BULK_BYTES - 1);
    assertThat(writer.hasBulk()).isFalse();
    assertThat(writer.view().remaining()).isEqualTo(FrameHeader.BYTES + BULK_BYTES - 1);
  }

  @Test
  void memoryIsNotGivenBackBeforeTheLastByteHasGone() {
    FrameWriter writer = new FrameWriter(BULK_BYTES);
    byte[] array = fresh();
    writeToGiveBack(writer, array);
    writer.sent(FrameHeader.BYTES + ARRAY_BYTES - 1);
    assertThat(isGiven(array)).isFalse();
    writer.sent(1);
    assertThat(isGiven(array)).isTrue();
  }

  @Test
  void memoryIsGivenBackOnceWhatFollowsHasTakenThePieceIn() {
    FrameWriter writer = new FrameWriter(BULK_BYTES);
    byte[] array = fresh();
    array[ARRAY_BYTES - 1] = 7;
    writeToGiveBack(writer, array);
    writer.sent(FrameHeader.BYTES + 10);
    writer.ping(0, 1);
    assertThat(isGiven(array)).isTrue();
    array[ARRAY_BYTES - 1] = 8; // whoever has it now
    assertThat(writer.view().get(ARRAY_BYTES - 11)).isEqualTo(7);
  }

  @Test
  void memoryThatMayBeSentOnceMoreIsKept() {
    for (int bulkBytes : new int[] {BULK_BYTES, Integer.MAX_VALUE}) {
      FrameWriter writer = new FrameWriter(bulkBytes);
      byte[] array = fresh();
      writer.message(1, 0, ByteBuffer.wrap(array), ARRAY_BYTES);
      writer.sent(writer.pending());
      assertThat(isGiven(array)).isFalse();
    }
  }

  private static void writeToGiveBack(FrameWriter writer, byte[] array) {
    ByteBuffer message = ByteBuffer.wrap(array);
    writer.message(1, 0, message, ARRAY_BYTES);
    writer.giveBack(message);
  }

  private static byte[] fresh() {
    return new byte[ARRAY_BYTES];
  }

  /** Whether an array is among those that are given out next. */
  private static boolean isGiven(byte[] array) {
    for (int i = 0; i < 40; i++) {
      if (LargeArrays.take(ARRAY_BYTES) == array) {
        return true;
      }
    }
    return false;
  }
}
