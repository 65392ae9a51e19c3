package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.transport.Code;
import dev.samehost.wire.Hello;
import dev.samehost.wire.LargeArrays;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Large pieces of messages that go to the link from where they are, between two connections. */
final class BulkTest {
  private static final int ARRAY_BYTES = 512 << 10;

  /** So many bytes of the first piece's frame are on their way when something else happens. */
  private static final int PART = 10_000;

  private static Pair pair() {
    return new Pair(half(Side.CONNECTOR), half(Side.ACCEPTOR));
  }

  private static Pair.Half half(Side side) {
    Hello generous = Pair.hello(0, 1 << 20, 0, 0, 0);
    return new Pair.Half(side, Settings.of("test:bulk", generous), 16 << 10);
  }

  /** A message that fills an array, which is used again once nobody looks at it. */
  private static byte[] message() {
    byte[] array = new byte[ARRAY_BYTES];
    Pair.message(ARRAY_BYTES).get(array);
    return array;
  }

  private static boolean isUsedAgain(byte[] message) {
    for (int i = 0; i < 40; i++) {
      if (LargeArrays.take(ARRAY_BYTES) == message) {
        return true;
      }
    }
    return false;
  }

  /** Has the server answer a call with this message, of which nothing is written yet. */
  private static Stream answer(Pair pair, byte[] message) {
    Stream call = pair.client.call("/t.S/M");
    pair.client.connection.request(call, 1);
    Stream accepted = pair.accepted();
    pair.server.connection.sendHeaders(accepted, Pair.NONE);
    pair.server.connection.sendMessage(accepted, ByteBuffer.wrap(message), false, false);
    return accepted;
  }

  private static void moveAll(Pair pair, int most) {
    while (Pair.move(pair.client, pair.server, most) + Pair.move(pair.server, pair.client, most)
        > 0) {
      // Until nothing moves.
    }
  }

  @Test
  void aLargeMessageArrivesBetweenSmallOnesByteByByte() {
    Pair pair = pair();
    Stream call = pair.client.call("/t.S/M");
    pair.server.connection.request(pair.accepted(), 10);
    List<Integer> sizes = List.of(10, 100_000, 0, 70_000, 20_000, 7);
    sizes.forEach(size -> pair.client.send(call, size));
    moveAll(pair, 1);
    for (int size : sizes) {
      Event.Message came = pair.server.next(Event.Message.class);
      assertThat(Pair.joined(came.bytes())).isEqualTo(Pair.message(size));
    }
  }

  @Test
  void thePiecesOfAMessageAreWrittenOneByOne() {
    Pair pair = pair();
    Stream call = pair.client.call("/t.S/M");
    pair.accepted();
    pair.client.send(call, 200_000);
    for (int piece = 0; piece < 3; piece++) {
      assertThat(pair.client.connection.outboundBytes()).isEqualTo(16 + (64 << 10));
      Pair.move(pair.client, pair.server, 16);
      Pair.move(pair.client, pair.server, 64 << 10);
    }
    assertThat(pair.client.connection.outboundBytes()).isEqualTo(16 + 200_000 % (64 << 10));
  }

  @Test
  void whatCannotWaitFollowsAPieceThatIsHalfWritten() {
    Pair pair = pair();
    Stream call = pair.client.call("/t.S/M");
    pair.server.connection.request(pair.accepted(), 1);
    pair.client.send(call, 100_000);
    Pair.move(pair.client, pair.server, 16);
    Pair.move(pair.client, pair.server, PART);
    pair.client.connection.ping(7);
    int announced = pair.client.connection.outboundBytes();
    assertThat(announced).isEqualTo((64 << 10) - PART + 16 + 8);
    moveAll(pair, 1_000);
    assertThat(Pair.joined(pair.server.next(Event.Message.class).bytes()))
        .isEqualTo(Pair.message(100_000));
    assertThat(pair.client.next(Event.Pong.class)).isNotNull();
  }

  @Test
  void aCallIsOpenedWhileAPieceIsHalfWritten() {
    Pair pair = pair();
    Stream call = pair.client.call("/t.S/M");
    pair.server.connection.request(pair.accepted(), 1);
    pair.client.send(call, 100_000);
    Pair.move(pair.client, pair.server, PART);
    assertThat(pair.client.connection.canOpen()).isTrue();
    pair.client.call("/t.S/Other");
    moveAll(pair, 1_000);
    assertThat(Pair.joined(pair.server.next(Event.Message.class).bytes()))
        .isEqualTo(Pair.message(100_000));
    assertThat(pair.client.connection.openStreams()).isEqualTo(2);
  }

  @Test
  void anAnswersMemoryIsUsedAgainWhenItsLastByteWasWritten() {
    Pair pair = pair();
    byte[] answer = message();
    answer(pair, answer);
    while (pair.server.connection.hasOutbound()) {
      assertThat(isUsedAgain(answer)).isFalse();
      Pair.move(pair.server, pair.client, 30_000);
    }
    assertThat(isUsedAgain(answer)).isTrue();
    assertThat(Pair.joined(pair.client.next(Event.Message.class).bytes()))
        .isEqualTo(Pair.message(ARRAY_BYTES));
  }

  @Test
  void memoryThatTheLinkStillReadsIsNotUsedAgainWhenTheCallIsReset() {
    Pair pair = pair();
    byte[] answer = message();
    Stream accepted = answer(pair, answer);
    Pair.move(pair.server, pair.client, PART);
    pair.server.connection.reset(accepted, Code.CANCELLED, "enough");
    assertThat(isUsedAgain(answer)).isFalse();
    moveAll(pair, 1_000);
    // The frame ended as it had begun: what follows is understood.
    assertThat(pair.client.next(Event.Reset.class).text()).isEqualTo("enough");
    pair.client.call("/t.S/Next");
    assertThat(pair.accepted()).isNotNull();
    assertThat(isUsedAgain(answer)).isFalse();
  }
}
