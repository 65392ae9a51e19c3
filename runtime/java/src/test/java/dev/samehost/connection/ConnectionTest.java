package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.wire.Flags;
import dev.samehost.wire.FrameWriter;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The life of a connection: how it begins, drains and ends. */
final class ConnectionTest {
  private static final Settings SETTINGS = Settings.of("test:link", Pair.HELLO);

  @Test
  void noiseBeforeThePrefaceIsSkippedAndKept() {
    for (int chunk : new int[] {1, 3, 1_000}) {
      Pair.Half parent = new Pair.Half(Side.CONNECTOR, SETTINGS.withNoise(100));
      String noise = "Starting...\n\u00f5SHOSTS\u00f5SH";
      ByteBuffer bytes = ByteBuffer.allocate(200);
      bytes.put(noise.getBytes(StandardCharsets.ISO_8859_1)).put(greeting()).flip();
      while (bytes.hasRemaining()) {
        ByteBuffer part = bytes.slice(bytes.position(), Math.min(chunk, bytes.remaining()));
        bytes.position(bytes.position() + part.remaining());
        parent.connection.receive(part);
      }
      assertThat(parent.next(Event.HelloReceived.class).version()).isEqualTo(1);
      assertThat(parent.connection.skippedBytes()).isEqualTo(noise.length());
      assertThat(StandardCharsets.ISO_8859_1.decode(parent.connection.skipped()).toString())
          .isEqualTo(noise);
    }
  }

  @Test
  void noiseAboveItsLimitEndsTheConnection() {
    Pair.Half parent = new Pair.Half(Side.CONNECTOR, SETTINGS.withNoise(100));
    parent.connection.receive(ByteBuffer.wrap("y\n".repeat(50).getBytes(StandardCharsets.UTF_8)));
    assertThat(parent.connection.state()).isEqualTo(ConnectionState.AWAIT_PREFACE);
    parent.connection.receive(ByteBuffer.wrap(new byte[1 << 20]));
    assertThat(parent.connection.state()).isEqualTo(ConnectionState.CLOSED);
    assertThat(parent.connection.fault().fault()).isEqualTo(Fault.PEER_NONSENSE);
    assertThat(parent.connection.skippedBytes()).isEqualTo(101);
  }

  @Test
  void aPeerThatEndsWithNoiseAloneNeverSaidHello() {
    Pair.Half parent = new Pair.Half(Side.CONNECTOR, SETTINGS.withNoise(100));
    parent.connection.receive(ByteBuffer.wrap(new byte[] {'n', 'o'}));
    parent.connection.receiveEnd();
    assertThat(parent.connection.fault().fault()).isEqualTo(Fault.PEER_GONE_BEFORE_HELLO);
    assertThat(parent.connection.skippedBytes()).isEqualTo(2);
  }

  @Test
  void nonsenseIsShown() {
    Pair.Half server = new Pair.Half(Side.ACCEPTOR, SETTINGS);
    server.connection.receive(ByteBuffer.wrap("220 mail ESMTP".getBytes(StandardCharsets.UTF_8)));
    assertThat(server.connection.fault())
        .hasMessageThat()
        .contains("its first bytes are \"220 mail\" (32 32 30 20 6D 61 69 6C).");
  }

  @Test
  void anAcceptorMayGoFirst() {
    Pair.Half server = new Pair.Half(Side.ACCEPTOR, SETTINGS.withHelloFirst());
    assertThat(server.connection.hasOutbound()).isTrue();
    Pair.Half client = new Pair.Half(Side.CONNECTOR, SETTINGS);
    Pair.move(server, client, 1_000);
    Pair.move(client, server, 1_000);
    assertThat(server.connection.hasOutbound()).isFalse();
    assertThat(server.connection.state()).isEqualTo(ConnectionState.OPEN);
    assertThat(client.connection.state()).isEqualTo(ConnectionState.OPEN);
  }

  @Test
  void noStreamCanBeOpenedBeforeThePeersHello() {
    Pair.Half client = new Pair.Half(Side.CONNECTOR, SETTINGS);
    assertThat(client.connection.canOpen()).isFalse();
    client.connection.receive(ByteBuffer.wrap(greeting()));
    assertThat(client.all(Event.CanOpen.class)).hasSize(1);
    assertThat(client.connection.canOpen()).isTrue();
  }

  @Test
  void aSilentPeerIsGivenUp() {
    Pair.Half client = new Pair.Half(Side.CONNECTOR, SETTINGS);
    client.connection.sent(client.connection.outbound().remaining());
    client.connection.helloTimeout(1_500_000_000);
    assertThat(client.connection.fault().fault()).isEqualTo(Fault.PEER_SILENT);
    assertThat(client.connection.fault()).hasMessageThat().contains("within 1.5 s");
    assertThat(client.connection.hasOutbound()).isFalse();
    assertThat(client.next(Event.Closed.class).end()).isEqualTo(End.FAILED);
  }

  @Test
  void aPeerThatStopsBehindItsPrefaceIsTold() {
    Pair.Half server = new Pair.Half(Side.ACCEPTOR, SETTINGS);
    server.connection.receive(ByteBuffer.wrap(greeting(), 0, 10));
    server.connection.helloTimeout(1_500_000_000);
    Pair.Half client = new Pair.Half(Side.CONNECTOR, SETTINGS);
    Pair.move(server, client, 1_000);
    assertThat(client.next(Event.GoAway.class).code()).isEqualTo(GoAwayCode.HELLO_TIMEOUT);
  }

  @Test
  void aTimeoutNamesAnotherProtocolThatHasBegun() {
    Pair.Half server = new Pair.Half(Side.ACCEPTOR, SETTINGS);
    server.connection.receive(ByteBuffer.wrap(new byte[] {'G', 'E'}));
    assertThat(server.connection.state()).isEqualTo(ConnectionState.AWAIT_PREFACE);
    server.connection.helloTimeout(1_500_000_000);
    assertThat(server.connection.fault().fault()).isEqualTo(Fault.PEER_NONSENSE);
    assertThat(server.connection.hasOutbound()).isFalse();
  }

  @Test
  void aTimeoutAfterHelloDoesNothing() {
    Pair pair = new Pair();
    pair.client.connection.helloTimeout(1_500_000_000);
    assertThat(pair.client.connection.state()).isEqualTo(ConnectionState.OPEN);
  }

  @Test
  void bothSidesOfAVersionMismatchNameBothRanges() {
    Hello later = new Hello(7, 9, "samehost-later", 0, 0, List.of(), 0, 0, 0, 0, 0, 0);
    Pair pair = new Pair(SETTINGS, Settings.of("test:later", later));
    assertThat(pair.client.connection.fault())
        .hasMessageThat()
        .isEqualTo(
            "test:link: no common version of the wire: this side speaks 1 to 1, the peer"
                + " (samehost-later) 7 to 9. Update the older side.");
    assertThat(pair.server.connection.fault())
        .hasMessageThat()
        .contains("this side speaks 7 to 9, the peer (samehost-test) 1 to 1.");
  }

  @Test
  void anAckWithOtherBytesAnswersNoPing() {
    Pair pair = new Pair();
    pair.client.connection.ping(7);
    FrameWriter out = new FrameWriter();
    out.ping(Flags.ACK, 8);
    pair.client.connection.receive(out.view());
    assertThat(pair.client.all(Event.Pong.class)).isEmpty();
    pair.run();
    assertThat(pair.client.next(Event.Pong.class).data()).isEqualTo(7);
  }

  @Test
  void aPingComesBack() {
    Pair pair = new Pair();
    pair.client.connection.ping(0x0102030405060708L);
    pair.run();
    assertThat(pair.client.next(Event.Pong.class).data()).isEqualTo(0x0102030405060708L);
  }

  @Test
  void aRefusalReachesThePeerWithItsReason() {
    Pair pair = new Pair();
    pair.server.connection.fail(
        GoAwayCode.REFUSED, "not you", Fault.USER_REFUSED.with("test:server", 1, 2, 3));
    pair.run();
    assertThat(pair.server.connection.fault().fault()).isEqualTo(Fault.USER_REFUSED);
    assertThat(pair.client.connection.fault().fault()).isEqualTo(Fault.PEER_REFUSED);
    assertThat(pair.client.connection.fault()).hasMessageThat().contains("not you");
  }

  @Test
  void drainingFinishesWhatIsOpenAtBothEnds() {
    Pair pair = new Pair();
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    pair.server.connection.goAway("restarting");
    pair.run();
    assertThat(pair.client.connection.canOpen()).isFalse();
    assertThat(pair.server.connection.canOpen()).isFalse();
    assertThat(pair.client.connection.state()).isEqualTo(ConnectionState.DRAINING);
    pair.server.connection.sendStatus(accepted, null, null, false, Code.OK, "", Pair.NONE);
    assertThat(pair.server.connection.state()).isEqualTo(ConnectionState.DRAINING);
    pair.run();
    assertThat(pair.client.next(Event.Status.class).stream()).isSameInstanceAs(call);
    assertThat(pair.client.next(Event.Closed.class).fault()).isNull();
    assertThat(pair.server.next(Event.Closed.class).end()).isEqualTo(End.CLEAN);
  }

  @Test
  void aCallThatCrossesAGoAwayIsRefusedOnce() {
    Pair pair = new Pair();
    Stream seen = pair.client.call("/t.S/M");
    pair.accepted();
    Stream crossing = pair.client.call("/t.S/M");
    pair.server.connection.goAway("restarting");
    pair.run();
    List<Event.Reset> resets = pair.client.all(Event.Reset.class);
    assertThat(resets).hasSize(1);
    assertThat(resets.get(0).stream()).isSameInstanceAs(crossing);
    assertThat(resets.get(0).refused()).isTrue();
    assertThat(resets.get(0).cause()).isEqualTo(Event.Cause.GOAWAY);
    assertThat(seen.state()).isEqualTo(StreamState.OPEN);
    assertThat(pair.server.all(Event.Opened.class)).isEmpty();
  }

  @Test
  void aGoAwayWithoutALastStreamHasSeenNoneWhateverItsId() {
    for (int id : new int[] {1, -1}) {
      Pair pair = new Pair(SETTINGS.withFirstStream(id), SETTINGS);
      Stream call = pair.client.call("/t.S/M");
      FrameWriter out = new FrameWriter();
      out.goAway(0, 0, "bye");
      pair.client.connection.receive(out.view());
      assertThat(pair.client.next(Event.Reset.class).refused()).isTrue();
      assertThat(call.state()).isEqualTo(StreamState.CLOSED);
    }
  }

  @Test
  void anAnswerThatHasArrivedSurvivesTheEndOfTheConnection() {
    Pair pair = new Pair();
    Stream call = pair.client.call("/t.S/M");
    Stream accepted = pair.accepted();
    pair.server.connection.sendStatus(
        accepted, Pair.NONE, Pair.message(10), false, Code.OK, "", Pair.NONE);
    pair.run();
    pair.client.connection.receiveEnd();
    assertThat(pair.client.next(Event.Closed.class).fault()).isNull();
    pair.client.connection.request(call, 1);
    assertThat(Pair.joined(pair.client.next(Event.Message.class).bytes()))
        .isEqualTo(Pair.message(10));
    assertThat(pair.client.next(Event.Status.class).code()).isEqualTo(Code.OK);
  }

  @Test
  void theEndOfTheLinkFailsEveryCallAndThenSaysSo() {
    Pair pair = new Pair();
    pair.client.call("/t.S/M");
    pair.client.call("/t.S/N");
    pair.run();
    pair.client.events.clear();
    pair.client.connection.receive(ByteBuffer.wrap(new byte[7]));
    pair.client.connection.receiveEnd();
    for (int i = 0; i < 2; i++) {
      Event.Reset reset = (Event.Reset) pair.client.events.poll();
      assertThat(reset.cause()).isEqualTo(Event.Cause.CONNECTION);
      assertThat(reset.code()).isEqualTo(Code.UNAVAILABLE);
    }
    assertThat(pair.client.events.poll())
        .isEqualTo(new Event.Closed(End.TRUNCATED, pair.client.connection.fault()));
    assertThat(pair.client.connection.fault().fault()).isEqualTo(Fault.LINK_TRUNCATED);
    assertThat(pair.client.connection.openStreams()).isEqualTo(0);
  }

  @Test
  void aBrokenLinkFailsWithItsOwnFault() {
    Pair pair = new Pair();
    pair.client.call("/t.S/M");
    var fault = Fault.LINK_FAILED.with("test:link", "write", "Broken pipe (EPIPE)");
    pair.client.connection.linkFailed(fault);
    assertThat(pair.client.next(Event.Reset.class).text()).isEqualTo(fault.getMessage());
    assertThat(pair.client.next(Event.Closed.class).fault()).isSameInstanceAs(fault);
    pair.client.connection.linkFailed(fault);
    pair.client.connection.receiveEnd();
    pair.client.connection.receive(ByteBuffer.wrap(new byte[100]));
    pair.client.connection.goAway("");
    pair.client.connection.ping(1);
    assertThat(pair.client.events.poll()).isNull();
  }

  @Test
  void aPeerThatPingsAndNeverReadsIsGivenUp() {
    Pair pair = new Pair();
    FrameWriter pings = new FrameWriter();
    for (int i = 0; i < 1_000; i++) {
      pings.ping(0, i);
    }
    int rounds = 0;
    while (pair.server.connection.state() != ConnectionState.CLOSED) {
      pair.server.connection.receive(pings.view());
      rounds++;
    }
    assertThat(rounds).isEqualTo((1 << 20) / 24 / 1_000 + 1);
    assertThat(pair.server.connection.fault()).hasMessageThat().contains("(LIMIT_EXCEEDED)");
    assertThat(pair.server.connection.outbound().remaining()).isLessThan((1 << 20) + 1_000);
  }

  @Test
  void aPeerIsNotGivenUpForWhatThisSideSaysByItself() {
    Pair pair = new Pair();
    for (int i = 0; i < 300; i++) {
      Stream call = pair.client.call("/t.S/M");
      Pair.move(pair.client, pair.server, Integer.MAX_VALUE);
      pair.server.connection.reset(
          pair.server.next(Event.Opened.class).stream(), Code.INTERNAL, "x".repeat(4096));
      pair.client.connection.reset(call, Code.CANCELLED, "");
    }
    assertThat(pair.server.connection.outboundBytes()).isGreaterThan(1 << 20);
    pair.client.connection.ping(1);
    FrameWriter out = new FrameWriter();
    out.credit(1, 1); // of a stream that is over
    pair.server.connection.receive(out.view());
    assertThat(pair.server.connection.state()).isEqualTo(ConnectionState.OPEN);
    Pair.move(pair.client, pair.server, Integer.MAX_VALUE);
    assertThat(pair.server.connection.fault()).hasMessageThat().contains("(LIMIT_EXCEEDED)");
  }

  @Test
  void theCallersBufferKeepsItsByteOrder() {
    Pair pair = new Pair();
    ByteBuffer direct = ByteBuffer.allocateDirect(100);
    FrameWriter out = new FrameWriter();
    out.ping(0, 5);
    direct.put(out.view()).flip();
    pair.server.connection.receive(direct);
    assertThat(direct.order()).isEqualTo(ByteOrder.BIG_ENDIAN);
    assertThat(direct.hasRemaining()).isFalse();
    assertThat(direct.limit()).isEqualTo(24);
    pair.run();
    assertThat(pair.server.connection.state()).isEqualTo(ConnectionState.OPEN);
  }

  private static byte[] greeting() {
    FrameWriter out = new FrameWriter();
    out.preface();
    out.hello(Pair.HELLO);
    byte[] bytes = new byte[out.pending()];
    out.view().get(bytes);
    return bytes;
  }
}
