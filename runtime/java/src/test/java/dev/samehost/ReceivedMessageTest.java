package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.connection.Pieces;
import dev.samehost.wire.LargeArrays;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * What marshallers read. Messages of several pieces come over links in {@link LargeMessagesTest}.
 */
final class ReceivedMessageTest {
  private static ReceivedMessage message(byte[] array) {
    return new ReceivedMessage(Pieces.of(ByteBuffer.wrap(array)));
  }

  @Test
  void theMemoryOfAClosedMessageIsUsedAgainAndIsNotReadAnyMore() {
    byte[] array = LargeArrays.take(64 << 10);
    ReceivedMessage message = message(array);
    message.close();
    assertThat(LargeArrays.take(64 << 10) == array).isTrue();
    assertThat(message.read()).isEqualTo(-1);
    assertThat(message.available()).isEqualTo(0);
    message.reset();
    assertThat(message.read(new byte[1], 0, 1)).isEqualTo(-1);
    message.close();
    assertThat(LargeArrays.take(64 << 10) == array).isFalse();
  }

  @Test
  void whoDetachesItReadsOnAfterItsEnd() throws IOException {
    byte[] array = LargeArrays.take(64 << 10);
    Arrays.fill(array, (byte) 7);
    ReceivedMessage message = message(array);
    assertThat(message.read()).isEqualTo(7);
    InputStream detached = message.detach();
    assertThat(message.read()).isEqualTo(-1);
    message.close();
    assertThat(LargeArrays.take(64 << 10) == array).isFalse();
    assertThat(detached.available()).isEqualTo((64 << 10) - 1);
    assertThat(detached.readAllBytes()).isEqualTo(Arrays.copyOfRange(array, 1, 64 << 10));
    detached.close();
    assertThat(LargeArrays.take(64 << 10) == array).isTrue();
    assertThrows(IllegalStateException.class, message::detach);
  }
}
