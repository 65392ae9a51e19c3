package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.transport.Code;
import dev.samehost.wire.Hello;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Credit, fairness and readiness, between two connections. */
final class FlowControlTest {
  @Test
  void aMessageLargerThanTheCreditPassesOnceItIsRequested() {
    Pair pair = new Pair();
    Stream call = pair.client.call("/t.S/M");
    pair.client.connection.sendMessage(call, Pair.message(3 << 20), false, true);
    Stream accepted = pair.accepted();
    assertThat(pair.server.all(Event.Message.class)).isEmpty();
    pair.server.connection.request(accepted, 1);
    pair.run();
    assertThat(Pair.joined(pair.server.next(Event.Message.class).bytes()))
        .isEqualTo(Pair.message(3 << 20));
    assertThat(pair.server.next(Event.HalfClosed.class).stream()).isSameInstanceAs(accepted);
  }

  @Test
  void anUnreadStreamHoldsNobodyUp() {
    Pair pair = new Pair();
    Stream unread = pair.client.call("/t.S/Unread");
    pair.accepted();
    pair.client.send(unread, 3 << 20);
    pair.run();
    for (int i = 0; i < 10; i++) {
      Stream call = pair.client.call("/t.S/Other");
      pair.client.send(call, 200_000);
      Stream accepted = pair.accepted();
      pair.server.connection.request(accepted, 1);
      pair.run();
      assertThat(Pair.joined(pair.server.next(Event.Message.class).bytes()))
          .isEqualTo(Pair.message(200_000));
    }
  }

  @Test
  void aPeerThatIsNotReadFromSendsItsCreditAndNoMore() {
    Pair pair = new Pair(Pair.HELLO, Pair.hello(0, 10_000, 0, 0, 0));
    Stream call = pair.client.call("/t.S/M");
    pair.client.send(call, 100_000);
    int moved = 0;
    for (int step = Pair.move(pair.client, pair.server, 1 << 20); step > 0; ) {
      moved += step;
      step = Pair.move(pair.client, pair.server, 1 << 20);
    }
    assertThat(moved).isLessThan(10_000 + 100);
    assertThat(pair.server.next(Event.Opened.class).path()).isEqualTo("/t.S/M");
  }

  @Test
  void emptyMessagesSpendCreditToo() {
    Pair pair = new Pair(Pair.HELLO, Pair.hello(0, 1_024, 0, 0, 0));
    Stream call = pair.client.call("/t.S/M");
    for (int i = 0; i < 100; i++) {
      pair.client.send(call, 0);
    }
    Stream accepted = pair.accepted();
    pair.server.connection.request(accepted, 1_000);
    assertThat(pair.server.all(Event.Message.class)).hasSize(1_024 / 16);
    pair.run();
    assertThat(pair.server.all(Event.Message.class)).hasSize(100 - 1_024 / 16);
  }

  @Test
  void streamsTakeTurnsPieceByPiece() {
    Pair pair = new Pair();
    Stream first = pair.client.call("/t.S/First");
    Stream second = pair.client.call("/t.S/Second");
    List<Stream> accepted = List.of(pair.accepted(), pair.accepted());
    accepted.forEach(stream -> pair.server.connection.request(stream, 10));
    pair.client.send(first, 8 << 20);
    pair.client.send(second, 100_000);
    pair.run();
    List<Integer> sizes = new ArrayList<>();
    pair.server.all(Event.Message.class).forEach(each -> sizes.add(each.bytes().size()));
    assertThat(sizes).containsExactly(100_000, 8 << 20).inOrder();
  }

  @Test
  void aLongMessageLeavesEveryOtherTurnToOthers() {
    Hello generous = Pair.hello(0, 1 << 30, 0, 0, 0);
    Pair pair = new Pair(generous, generous);
    Stream first = pair.client.call("/t.S/First");
    Stream second = pair.client.call("/t.S/Second");
    List<Stream> accepted = List.of(pair.accepted(), pair.accepted());
    accepted.forEach(stream -> pair.server.connection.request(stream, 1));
    pair.client.send(first, 16 << 20);
    pair.client.send(second, 1 << 20);
    int moved = 0;
    while (pair.server.all(Event.Message.class).isEmpty()) {
      moved += Pair.move(pair.client, pair.server, 10_000);
    }
    assertThat(moved).isLessThan(3 << 20);
  }

  @Test
  void emptyMessagesThatWaitEndReadinessToo() {
    Pair pair = new Pair(Pair.HELLO, Pair.hello(0, 1_024, 0, 0, 0));
    Stream call = pair.client.call("/t.S/M");
    int sent = 0;
    while (pair.client.connection.isReady(call) && sent < 10_000) {
      pair.client.send(call, 0);
      sent++;
    }
    assertThat(sent).isEqualTo((1_024 + (32 << 10)) / 16);
  }

  @Test
  void aUnaryCallOvertakesALongMessageInTheLinksQueue() {
    Pair pair = new Pair();
    Stream bulk = pair.client.call("/t.S/Bulk");
    pair.server.connection.request(pair.accepted(), 1);
    pair.client.send(bulk, 32 << 20);
    int before = pair.client.connection.outbound().remaining();
    assertThat(before).isLessThan((1 << 20) / 4 + (64 << 10) + 100);
    while (!pair.client.connection.canOpen()) {
      Pair.move(pair.client, pair.server, 1_000);
    }
    pair.client.connection.open(null, "/t.S/Unary", Pair.NONE, -1, Pair.message(10), false, true);
    Pair.move(pair.client, pair.server, before);
    Pair.move(pair.client, pair.server, (64 << 10) + 100);
    assertThat(pair.server.next(Event.Opened.class).path()).isEqualTo("/t.S/Unary");
  }

  @Test
  void bothSidesWriteEightMebibytesAtOnce() {
    Pair pair = new Pair();
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    pair.server.connection.sendHeaders(accepted, Pair.NONE);
    pair.client.connection.request(call, 8);
    pair.server.connection.request(accepted, 8);
    for (int i = 0; i < 8; i++) {
      pair.client.send(call, 1 << 20);
      pair.server.send(accepted, 1 << 20);
    }
    while (Pair.move(pair.client, pair.server, 777) + Pair.move(pair.server, pair.client, 1_313)
        > 0) {
      // Until all has moved.
    }
    for (Pair.Half half : List.of(pair.client, pair.server)) {
      List<Event.Message> messages = half.all(Event.Message.class);
      assertThat(messages).hasSize(8);
      messages.forEach(
          each -> assertThat(Pair.joined(each.bytes())).isEqualTo(Pair.message(1 << 20)));
    }
  }

  @Test
  void readinessEndsWithTheQueueAndComesBackWithIt() {
    Pair pair = new Pair();
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    assertThat(pair.client.connection.isReady(call)).isTrue();
    pair.client.send(call, 250_000);
    pair.run();
    assertThat(pair.client.connection.isReady(call)).isTrue();
    pair.client.send(call, 50_000);
    pair.run();
    assertThat(pair.client.connection.isReady(call)).isFalse();
    assertThat(pair.client.all(Event.Ready.class)).isEmpty();
    pair.server.connection.request(accepted, 2);
    pair.run();
    assertThat(pair.client.all(Event.Ready.class)).hasSize(1);
    assertThat(pair.client.connection.isReady(call)).isTrue();
  }

  @Test
  void messagesWaitInTheirStreamWhileTheLinkIsFull() {
    Pair pair = new Pair();
    List<Stream> calls = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      calls.add(pair.client.call("/t.S/M"));
    }
    calls.forEach(call -> pair.client.send(call, 200_000));
    int queued = pair.client.connection.outbound().remaining();
    assertThat(queued).isAtMost((1 << 20) / 4 + (64 << 10) + 100);
    pair.run();
    for (Event.Opened opened : pair.server.all(Event.Opened.class)) {
      pair.server.connection.request(opened.stream(), 1);
    }
    assertThat(pair.server.all(Event.Message.class)).hasSize(20);
  }

  @Test
  void aStatusStaysBehindTheMessagesThatWait() {
    Pair pair = new Pair(Pair.hello(0, 1_024, 0, 0, 0), Pair.HELLO);
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    pair.server.connection.sendHeaders(accepted, Pair.NONE);
    pair.server.send(accepted, 5_000);
    pair.server.send(accepted, 10);
    pair.server.connection.sendStatus(accepted, null, null, false, Code.OK, "", Pair.NONE);
    pair.run();
    assertThat(pair.server.all(Event.Finished.class)).isEmpty();
    assertThat(accepted.state()).isEqualTo(StreamState.OPEN);
    pair.client.connection.request(call, 1);
    pair.run();
    assertThat(pair.server.all(Event.Finished.class)).hasSize(1);
    assertThat(Pair.joined(pair.client.next(Event.Message.class).bytes()))
        .isEqualTo(Pair.message(5_000));
    assertThat(pair.client.all(Event.Status.class)).isEmpty();
    pair.client.connection.request(call, 1);
    assertThat(Pair.joined(pair.client.next(Event.Message.class).bytes()))
        .isEqualTo(Pair.message(10));
    assertThat(pair.client.next(Event.Status.class).code()).isEqualTo(Code.OK);
  }

  @Test
  void creditGoesRoundInAStreamOfManyMessages() {
    Pair pair = new Pair(Pair.HELLO, Pair.hello(0, 2_000, 0, 0, 0));
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    for (int i = 0; i < 1_000; i++) {
      pair.client.send(call, i);
      pair.server.connection.request(accepted, 1);
      pair.run();
      assertThat(Pair.joined(pair.server.next(Event.Message.class).bytes()))
          .isEqualTo(Pair.message(i));
    }
  }
}
