package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.connection.Event;
import dev.samehost.connection.Pair;
import dev.samehost.connection.Settings;
import dev.samehost.connection.Side;
import dev.samehost.connection.Stream;
import dev.samehost.wire.LargeArrays;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a call sends and asks for. */
final class RequestTest {
  /** Between two that hand large pieces to the link from where they are. */
  private static Pair bulk() {
    Settings settings = Settings.of("test:bulk", Pair.hello(0, 1 << 20, 0, 0, 0));
    return new Pair(
        new Pair.Half(Side.CONNECTOR, settings, 16 << 10),
        new Pair.Half(Side.ACCEPTOR, settings, 16 << 10));
  }

  @Test
  void aCallThatLivesLongMayAskForMoreMessagesThanAnIntCounts() {
    Pair pair = new Pair();
    Request request = new Request("/t.S/M");
    Stream stream = request.open(pair.client.connection, Stream.NO_DEADLINE, null);
    for (int i = 0; i < 3; i++) {
      request.want(Integer.MAX_VALUE);
      request.push(pair.client.connection, stream, false);
    }
    assertThat(Pair.requested(stream)).isEqualTo(3L * Integer.MAX_VALUE);
    request.want(7);
    request.push(pair.client.connection, stream, false);
    assertThat(Pair.requested(stream)).isEqualTo(3L * Integer.MAX_VALUE + 7);
  }

  @Test
  void aStreamThatIsOpenedLateIsAskedForAllThatWasWantedBefore() {
    Pair pair = new Pair();
    Request request = new Request("/t.S/M");
    request.want(Integer.MAX_VALUE);
    request.want(Integer.MAX_VALUE);
    Stream stream = request.open(pair.client.connection, Stream.NO_DEADLINE, null);
    assertThat(Pair.requested(stream)).isEqualTo(2L * Integer.MAX_VALUE);
  }

  @Test
  void whatWasSentIsSentOnceMoreWholeToAnotherStream() {
    Request request = new Request("/t.S/M");
    for (int bytes = 10; bytes <= 30; bytes += 10) {
      request.add(Pair.message(bytes), false);
    }
    request.halfClose();
    for (int attempt = 0; attempt < 2; attempt++) {
      Pair pair = new Pair();
      request.open(pair.client.connection, Stream.NO_DEADLINE, null);
      pair.server.connection.request(pair.accepted(), 4);
      for (int bytes = 10; bytes <= 30; bytes += 10) {
        Event.Message came = pair.server.next(Event.Message.class);
        assertThat(Pair.joined(came.bytes())).isEqualTo(Pair.message(bytes));
      }
      pair.server.next(Event.HalfClosed.class);
      assertThat(request.rewind()).isTrue();
    }
  }

  @Test
  void aRequestWhoseMessagesWereDroppedIsNotSentOnceMore() {
    Pair pair = new Pair();
    Request request = new Request("/t.S/M");
    Stream stream = request.open(pair.client.connection, Stream.NO_DEADLINE, null);
    request.add(Pair.message(8), false);
    request.push(pair.client.connection, stream, true);
    request.add(Pair.message(9), false);
    request.push(pair.client.connection, stream, true);
    pair.server.connection.request(pair.accepted(), 2);
    assertThat(pair.server.all(Event.Message.class)).hasSize(2);
    assertThat(request.rewind()).isFalse();
  }

  @Test
  void theMemoryOfAMessageIsUsedAgainOnceItIsWrittenIfItCannotBeSentOnceMore() {
    byte[] tooLargeToKeep = new byte[2 << 20];
    byte[] kept = new byte[1 << 20];
    for (byte[] array : List.of(tooLargeToKeep, kept)) {
      Pair pair = new Pair();
      Request request = new Request("/t.S/M");
      request.add(ByteBuffer.wrap(array), false);
      request.halfClose();
      request.open(pair.client.connection, Stream.NO_DEADLINE, null);
      pair.server.connection.request(pair.accepted(), 1);
      pair.run();
      assertThat(pair.server.next(Event.Message.class).bytes().size()).isEqualTo(array.length);
      boolean again = request.rewind();
      assertThat(again).isEqualTo(array == kept);
      assertThat(LargeArrays.take(array.length) == array).isEqualTo(!again);
    }
  }

  @Test
  void aRequestThatWasHalfWrittenIsSentOnceMoreWhole() {
    byte[] array = new byte[512 << 10];
    Pair.message(array.length).get(array);
    Request request = new Request("/t.S/M");
    request.add(ByteBuffer.wrap(array), false);
    request.halfClose();
    Pair lost = bulk();
    request.open(lost.client.connection, Stream.NO_DEADLINE, null);
    Pair.move(lost.client, lost.server, 100);
    Pair.move(lost.client, lost.server, 10_000);
    assertThat(request.rewind()).isTrue();
    Pair next = bulk();
    request.open(next.client.connection, Stream.NO_DEADLINE, null);
    next.server.connection.request(next.accepted(), 1);
    next.run();
    assertThat(Pair.joined(next.server.next(Event.Message.class).bytes()))
        .isEqualTo(Pair.message(array.length));
    // The link that was lost may still read it.
    for (int i = 0; i < 40; i++) {
      assertThat(LargeArrays.take(array.length)).isNotSameInstanceAs(array);
    }
  }
}
