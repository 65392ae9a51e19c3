package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Code;
import dev.samehost.wire.MetadataBlock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Calls between two connections: their ends, their limits, and actions that come too late. */
final class CallTest {
  @Test
  void aUnaryCallIsOneFrameEachWay() {
    Pair pair = new Pair();
    Stream call = unary(pair, 100);
    assertThat(pair.client.connection.outbound().remaining()).isEqualTo(16 + 8 + 2 + 100);
    Stream accepted = pair.accepted();
    pair.server.connection.sendStatus(
        accepted, Pair.NONE, Pair.message(50), false, Code.OK, "", Pair.NONE);
    assertThat(pair.server.connection.outbound().remaining()).isEqualTo(16 + 2 + 2 + 2 + 50);
    pair.client.connection.request(call, 2);
    pair.run();
    assertThat(Pair.joined(pair.client.next(Event.Message.class).bytes()))
        .isEqualTo(Pair.message(50));
    assertThat(pair.client.next(Event.Status.class).code()).isEqualTo(Code.OK);
    assertThat(pair.client.connection.openStreams()).isEqualTo(0);
    assertThat(pair.server.connection.openStreams()).isEqualTo(0);
  }

  @Test
  void bothSidesCallEachOtherOnOneConnection() {
    Pair pair = new Pair();
    unary(pair, 1);
    pair.server.call("/t.Host/Back");
    pair.run();
    assertThat(pair.server.next(Event.Opened.class).path()).isEqualTo("/t.S/M");
    assertThat(pair.client.next(Event.Opened.class).path()).isEqualTo("/t.Host/Back");
    assertThat(pair.client.connection.openStreams()).isEqualTo(2);
  }

  @Test
  void aCancelledCallIsCancelledAtItsHandler() {
    Pair pair = new Pair();
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    pair.client.send(call, 1 << 20);
    pair.client.connection.reset(call, Code.CANCELLED, "no longer needed");
    pair.run();
    Event.Reset reset = pair.server.next(Event.Reset.class);
    assertThat(reset.stream()).isSameInstanceAs(accepted);
    assertThat(reset.code()).isEqualTo(Code.CANCELLED);
    assertThat(reset.text()).isEqualTo("no longer needed");
    assertThat(reset.cause()).isEqualTo(Event.Cause.PEER);
    assertThat(pair.client.all(Event.Reset.class)).isEmpty();
  }

  @Test
  void resetsThatCrossAreNoError() {
    Pair pair = new Pair();
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    pair.client.connection.reset(call, Code.CANCELLED, "");
    pair.server.connection.reset(accepted, Code.INTERNAL, "");
    pair.run();
    assertThat(pair.client.all(Event.Reset.class)).isEmpty();
    assertThat(pair.server.all(Event.Reset.class)).isEmpty();
    assertThat(pair.client.connection.state()).isEqualTo(ConnectionState.OPEN);
    assertThat(pair.server.connection.state()).isEqualTo(ConnectionState.OPEN);
  }

  @Test
  void actionsOnACallThatIsOverDoNothing() {
    Pair pair = new Pair();
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    pair.server.connection.reset(accepted, Code.INTERNAL, "");
    pair.run();
    pair.client.send(call, 10);
    pair.client.connection.halfClose(call);
    pair.client.connection.reset(call, Code.CANCELLED, "");
    pair.client.connection.request(call, 1);
    pair.server.connection.sendHeaders(accepted, Pair.NONE);
    pair.server.connection.sendStatus(accepted, null, null, false, Code.OK, "", Pair.NONE);
    assertThat(pair.client.connection.isReady(call)).isFalse();
    assertThat(pair.client.connection.hasOutbound()).isFalse();
    assertThat(pair.server.connection.hasOutbound()).isFalse();
  }

  @Test
  void actionsOutOfOrderAreTheCallersMistake() {
    Pair pair = new Pair();
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    Connection client = pair.client.connection;
    Connection server = pair.server.connection;
    assertThrows(IllegalStateException.class, () -> client.sendHeaders(call, Pair.NONE));
    assertThrows(
        IllegalStateException.class,
        () -> client.sendStatus(call, null, null, false, Code.OK, "", Pair.NONE));
    assertThrows(IllegalStateException.class, () -> client.refuse(call, Code.UNAVAILABLE, ""));
    assertThrows(IllegalStateException.class, () -> client.reset(call, Code.OK, ""));
    assertThrows(IllegalStateException.class, () -> pair.server.send(accepted, 1));
    assertThrows(IllegalStateException.class, () -> server.halfClose(accepted));
    server.sendHeaders(accepted, Pair.NONE);
    assertThrows(IllegalStateException.class, () -> server.sendHeaders(accepted, Pair.NONE));
    assertThrows(
        IllegalStateException.class,
        () -> server.sendMessage(accepted, Pair.message(1), false, true));
    client.halfClose(call);
    assertThrows(IllegalStateException.class, () -> client.halfClose(call));
    assertThrows(IllegalStateException.class, () -> pair.client.send(call, 1));
    assertThrows(IllegalArgumentException.class, () -> pair.client.call("no path"));
  }

  @Test
  void aMessageAboveThePeersLimitFailsItsCallBeforeItIsSent() {
    Pair pair = new Pair(Pair.HELLO, Pair.hello(0, 0, 1_000, 0, 0));
    Stream failed = unary(pair, 1_001);
    Event.Reset reset = pair.client.next(Event.Reset.class);
    assertThat(reset.stream()).isSameInstanceAs(failed);
    assertThat(reset.code()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(reset.cause()).isEqualTo(Event.Cause.LIMIT);
    assertThat(reset.text())
        .isEqualTo(
            "the message of 1001 bytes exceeds maximum of 1000 bytes that the server takes."
                + " Raise the maximum inbound message size there.");
    assertThat(pair.client.connection.hasOutbound()).isFalse();
    assertThat(unary(pair, 1_000).id()).isEqualTo(1);
  }

  @Test
  void aLaterMessageAboveThePeersLimitResetsItsCall() {
    Pair pair = new Pair(Pair.hello(0, 0, 1_000, 0, 0), Pair.HELLO);
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    pair.server.connection.sendHeaders(accepted, Pair.NONE);
    pair.server.send(accepted, 2_000);
    pair.run();
    assertThat(pair.server.next(Event.Reset.class).cause()).isEqualTo(Event.Cause.LIMIT);
    Event.Reset reset = pair.client.next(Event.Reset.class);
    assertThat(reset.stream()).isSameInstanceAs(call);
    assertThat(reset.text()).contains("that the client takes");
  }

  @Test
  void metadataAboveThePeersLimitFailTheirCallAlone() {
    Pair pair = new Pair(Pair.hello(0, 0, 0, 300, 0), Pair.hello(0, 0, 0, 300, 0));
    MetadataBlock large = metadata(300);
    pair.client.connection.open(null, "/t.S/M", large, -1, null, false, false);
    assertThat(pair.client.next(Event.Reset.class).text())
        .isEqualTo(
            "metadata of 307 bytes exceeds maximum of 300 bytes that the server takes."
                + " Raise the maximum inbound metadata size there.");
    for (int i = 0; i < 2; i++) {
      pair.client.call("/t.S/M");
      Stream accepted = pair.accepted();
      if (i == 0) {
        pair.server.connection.sendHeaders(accepted, large);
      } else {
        pair.server.connection.sendStatus(accepted, null, null, false, Code.OK, "", large);
      }
      pair.run();
      assertThat(pair.client.next(Event.Reset.class).text()).contains("that the client takes");
    }
    assertThat(pair.client.connection.state()).isEqualTo(ConnectionState.OPEN);
  }

  @Test
  void aCallThatFailsAsItOpensIsToldWithWhatIsAttachedToIt() {
    Pair pair = new Pair(Pair.HELLO, Pair.hello(0, 0, 0, 300, 0));
    List<Object> told = new ArrayList<>();
    pair.client.watcher = event -> told.add(((Event.Reset) event).stream().attachment());
    pair.client.connection.open("mine", "/t.S/M", metadata(300), -1, null, false, false);
    assertThat(told).containsExactly("mine");
  }

  @Test
  void aRequestThatCameWholeIsTakenWhileItsOpeningIsTold() {
    Pair pair = new Pair();
    List<Event.Message> taken = takenWhileOpened(pair);
    unary(pair, 10);
    Stream accepted = pair.accepted();
    assertThat(taken.get(0).bytes().size()).isEqualTo(10);
    pair.server.connection.request(accepted, 2);
    pair.run();
    assertThat(pair.server.events).isEmpty();
    assertThat(accepted.state()).isEqualTo(StreamState.HALF_CLOSED);
  }

  @Test
  void aRequestThatMayGoOnIsNotTakenWhole() {
    Pair pair = new Pair();
    List<Event.Message> taken = takenWhileOpened(pair);
    Connection client = pair.client.connection;
    Stream call = client.open(null, "/t.S/M", Pair.NONE, -1, Pair.message(10), false, false);
    Stream accepted = pair.accepted();
    assertThat(taken).containsExactly((Event.Message) null);
    client.halfClose(call);
    pair.run();
    pair.server.connection.request(accepted, 1);
    assertThat(pair.server.next(Event.Message.class).bytes().size()).isEqualTo(10);
    assertThat(pair.server.next(Event.HalfClosed.class).stream()).isSameInstanceAs(accepted);
  }

  /** What the server can take of each call at once. */
  private static List<Event.Message> takenWhileOpened(Pair pair) {
    List<Event.Message> taken = new ArrayList<>();
    pair.server.watcher =
        event -> {
          if (event instanceof Event.Opened opened) {
            taken.add(Connection.takeWholeRequest(opened.stream()));
          }
        };
    return taken;
  }

  @Test
  void metadataHaveToFitAFrameAsWell() {
    Pair pair = new Pair(Pair.HELLO, Pair.hello(4_096, 0, 0, 8_192, 0));
    pair.client.connection.open(null, "/t.S/M", metadata(4_090), -1, null, false, false);
    assertThat(pair.client.next(Event.Reset.class).code()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    pair.client.connection.open(
        null, "/t.S/M", metadata(4_096 - 2 - 8 - 7), -1, null, false, false);
    pair.run();
    assertThat(pair.server.next(Event.Opened.class).metadata().size()).isEqualTo(1);
  }

  @Test
  void aStatusIsMadeToFitAFrame() {
    Pair pair = new Pair(Pair.hello(4_096, 0, 0, 4_000, 0), Pair.HELLO);
    pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    MetadataBlock most = metadata(3_900);
    String text = "ü".repeat(3_000);
    pair.server.connection.sendStatus(accepted, most, null, false, Code.UNKNOWN, text, most);
    pair.run();
    assertThat(pair.client.next(Event.Headers.class).metadata()).isEqualTo(most);
    Event.Status status = pair.client.next(Event.Status.class);
    assertThat(status.trailers()).isEqualTo(most);
    assertThat(status.text()).isEqualTo("ü".repeat((4_096 - 4 - 3_907) / 2));
  }

  @Test
  void streamsBeyondThePeersLimitWaitForAPlace() {
    Pair pair = new Pair(Pair.HELLO, Pair.hello(0, 0, 0, 0, 2));
    Stream first = pair.client.call("/t.S/M");
    pair.client.call("/t.S/M");
    assertThat(pair.client.connection.canOpen()).isFalse();
    assertThrows(IllegalStateException.class, () -> pair.client.call("/t.S/M"));
    assertThat(pair.client.all(Event.CanOpen.class)).isEmpty();
    pair.client.connection.reset(first, Code.CANCELLED, "");
    assertThat(pair.client.all(Event.CanOpen.class)).hasSize(1);
    pair.client.call("/t.S/M");
    pair.run();
    assertThat(pair.server.all(Event.Opened.class)).hasSize(3);
    assertThat(pair.client.all(Event.Reset.class)).isEmpty();
  }

  @Test
  void streamsWaitForRoomInTheLinksQueue() {
    Pair pair = new Pair();
    int opened = 0;
    while (pair.client.connection.canOpen()) {
      unary(pair, 10_000);
      opened++;
    }
    assertThat(opened).isAtLeast(20);
    assertThat(opened).isAtMost(30);
    Pair.move(pair.client, pair.server, 20_000);
    assertThat(pair.client.all(Event.CanOpen.class)).hasSize(1);
    assertThat(pair.client.connection.canOpen()).isTrue();
  }

  @Test
  void aRefusedCallSaysThatNoHandlerSawIt() {
    Pair pair = new Pair();
    pair.client.call("/t.S/M");
    pair.server.connection.refuse(pair.accepted(), Code.UNAVAILABLE, "full");
    pair.run();
    assertThat(pair.client.next(Event.Reset.class).refused()).isTrue();
  }

  @Test
  void aDeadlineThatHasPassedTravelsAsNothingLeft() {
    Pair pair = new Pair();
    pair.client.connection.open(null, "/t.S/M", Pair.NONE, -1_000, null, false, true);
    pair.client.connection.open(null, "/t.S/M", Pair.NONE, Long.MAX_VALUE, null, false, true);
    pair.client.call("/t.S/M");
    pair.run();
    assertThat(pair.server.next(Event.Opened.class).deadlineNanos()).isEqualTo(0);
    assertThat(pair.server.next(Event.Opened.class).deadlineNanos()).isEqualTo(Long.MAX_VALUE);
    assertThat(pair.server.next(Event.Opened.class).deadlineNanos()).isEqualTo(Stream.NO_DEADLINE);
  }

  @Test
  void aStatusDropsWhatTheOpenerHadStillToSend() {
    Pair pair = new Pair();
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    pair.client.send(call, 1 << 20);
    pair.run();
    pair.server.connection.sendStatus(accepted, null, null, false, Code.OK, "", Pair.NONE);
    pair.run();
    assertThat(pair.client.next(Event.Status.class).code()).isEqualTo(Code.OK);
    assertThat(call.state()).isEqualTo(StreamState.CLOSED);
    assertThat(pair.client.connection.hasOutbound()).isFalse();
  }

  @Test
  void compressedMessagesSaySoWholeAndInPieces() {
    Pair pair = new Pair();
    MetadataBlock gzip = Pair.encoding("gzip");
    Connection client = pair.client.connection;
    Stream call = client.open(null, "/t.S/M", gzip, -1, Pair.message(10), true, false);
    Stream accepted = pair.accepted();
    client.sendMessage(call, Pair.message(200_000), true, false);
    client.sendMessage(call, Pair.message(10), false, true);
    pair.server.connection.request(accepted, 3);
    pair.run();
    assertThat(pair.server.next(Event.Message.class).compressed()).isTrue();
    assertThat(pair.server.next(Event.Message.class).compressed()).isTrue();
    assertThat(pair.server.next(Event.Message.class).compressed()).isFalse();
    pair.server.connection.sendStatus(
        accepted, gzip, Pair.message(10), true, Code.OK, "", Pair.NONE);
    client.request(call, 1);
    pair.run();
    assertThat(pair.client.next(Event.Message.class).compressed()).isTrue();
  }

  @Test
  void aThousandCallsAreAnsweredInAnyOrder() {
    Pair pair = new Pair();
    for (int i = 0; i < 1_000; i++) {
      if (!pair.client.connection.canOpen()) {
        pair.run();
      }
      Stream call = unary(pair, i);
      pair.client.connection.request(call, 1);
      call.attach(i);
    }
    pair.run();
    List<Event.Opened> opened = pair.server.all(Event.Opened.class);
    assertThat(opened).hasSize(1_000);
    Collections.shuffle(opened, new Random(7));
    for (Event.Opened each : opened) {
      pair.server.connection.request(each.stream(), 1);
      Event.Message request = pair.server.next(Event.Message.class);
      pair.server.connection.sendStatus(
          each.stream(), Pair.NONE, request.bytes().bytes(), false, Code.OK, "", Pair.NONE);
    }
    assertThat(pair.server.connection.outbound().remaining()).isAtMost((1 << 20) / 4 + 1_000);
    pair.run();
    List<Event.Message> answers = pair.client.all(Event.Message.class);
    assertThat(answers).hasSize(1_000);
    for (Event.Message answer : answers) {
      assertThat(answer.bytes().size()).isEqualTo(answer.stream().attachment());
    }
  }

  private static MetadataBlock metadata(int bytes) {
    return MetadataBlock.builder().add("k", new byte[bytes]).build();
  }

  private static Stream unary(Pair pair, int bytes) {
    return pair.client.connection.open(
        null, "/t.S/M", Pair.NONE, Stream.NO_DEADLINE, Pair.message(bytes), false, true);
  }
}
