package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The pieces of a message. */
final class PiecesTest {
  private static final int LARGE = 64 << 10;

  /** A piece of which each byte is {@code value}. */
  private static ByteBuffer piece(int bytes, int value) {
    byte[] array = new byte[bytes];
    Arrays.fill(array, (byte) value);
    return ByteBuffer.wrap(array);
  }

  private static int count(Pieces first) {
    int count = 0;
    for (Pieces piece = first; piece != null; piece = piece.next()) {
      count++;
    }
    return count;
  }

  @Test
  void aLargePieceOfItsOwnIsKeptAsItIs() {
    byte[] first = new byte[LARGE];
    byte[] second = new byte[LARGE];
    Pieces message = Pieces.take(ByteBuffer.wrap(first), true, LARGE);
    assertThat(message.add(ByteBuffer.wrap(second), true, 0)).isSameInstanceAs(message.next());
    first[5] = 1;
    second[6] = 2;
    assertThat(message.bytes().get(5)).isEqualTo((byte) 1);
    assertThat(message.next().bytes().get(6)).isEqualTo((byte) 2);
    assertThat(message.size()).isEqualTo(2 * LARGE);
  }

  @Test
  void aWindowIntoWhatWasReadIsCopied() {
    ByteBuffer window = piece(LARGE, 1);
    Pieces message = Pieces.take(window, false, 0);
    window.put(0, (byte) 9);
    assertThat(message.bytes().get(0)).isEqualTo((byte) 1);
    assertThat(message.size()).isEqualTo(LARGE);
  }

  @Test
  void aMessageThatComesByteByByteTakesLittleMoreMemoryThanItsBytes() {
    int size = 100_000;
    Pieces message = Pieces.take(piece(1, 0), true, size - 1);
    Pieces last = message;
    for (int i = 1; i < size; i++) {
      last = last.add(piece(1, i), i % 2 == 0, size - 1 - i);
    }
    assertThat(message.size()).isEqualTo(size);
    assertThat(count(message)).isAtMost(1 + size / (8 << 10));
    long memory = 0;
    int at = 0;
    for (Pieces piece = message; piece != null; piece = piece.next()) {
      memory += piece.bytes().array().length;
      for (int i = 0; i < piece.bytes().remaining(); i++) {
        assertThat(piece.bytes().get(i)).isEqualTo((byte) at++);
      }
    }
    assertThat(memory).isAtMost(size + (8 << 10));
  }

  @Test
  void nothingIsMadeReadyForBytesThatWereOnlyPromised() {
    Pieces message = Pieces.take(piece(1, 0), false, Integer.MAX_VALUE - 1L);
    assertThat(message.bytes().array().length).isAtMost(8 << 10);
  }
}
