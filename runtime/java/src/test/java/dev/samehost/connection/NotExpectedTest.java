package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.transport.Code;
import dev.samehost.wire.Flags;
import dev.samehost.wire.FrameWriter;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One test for each row of the table "What is not expected" in PROTOCOL.md, in its order. */
final class NotExpectedTest {
  private static final byte[] PATH = FrameWriter.path("/t.S/M");
  private static final int METADATA_LIMIT = 300;
  private static final int MESSAGE_LIMIT = 1_000;
  private static final int CREDIT = 2_000;

  private Pair pair;

  /** The server's stream 1, which the client opened. */
  private Stream accepted;

  /** The client's own stream 1. */
  private Stream call;

  @BeforeEach
  void openAStream() {
    Hello hello = Pair.hello(0, CREDIT, MESSAGE_LIMIT, METADATA_LIMIT, 2);
    pair = new Pair(hello, hello);
    call = pair.client.call("/t.S/M");
    accepted = pair.accepted();
  }

  @Test
  void framesOfAStreamThatIsClosedAreIgnored() {
    pair.server.connection.reset(accepted, Code.INTERNAL, "");
    pair.run();
    toServer(
        out -> {
          out.message(1, 0, Pair.message(10), 10);
          out.credit(1, 0);
          out.reset(1, 0, 0, "");
        });
    toClient(
        out -> {
          out.headers(1, Pair.NONE);
          out.message(1, Flags.END, Pair.message(10), 10);
          out.status(1, 0, 0, null, new byte[0], Pair.NONE, null);
        });
    assertThat(pair.server.connection.state()).isEqualTo(ConnectionState.OPEN);
    assertThat(pair.client.connection.state()).isEqualTo(ConnectionState.OPEN);
  }

  @Test
  void anOpenOfAStreamThatIsClosedIsNotIgnored() {
    pair.server.connection.reset(accepted, Code.INTERNAL, "");
    pair.run();
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> open(out, 1));
  }

  @Test
  void aFrameOfAStreamThatWasNeverOpenedIsAnError() {
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.credit(3, 1));
  }

  @Test
  void anOpenOfTheWrongParityIsAnError() {
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> open(out, 2));
  }

  @Test
  void anOpenThatIsNotLaterIsAnError() {
    toServer(out -> open(out, 7));
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> open(out, 5));
  }

  @Test
  void anOpenOfStreamZeroIsAnError() {
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> open(out, 0));
  }

  @Test
  void anOpenAboveMaxStreamsIsRefused() {
    toServer(out -> open(out, 3));
    toServer(out -> open(out, 5));
    assertResets(5, Flags.REFUSED, Code.RESOURCE_EXHAUSTED);
    assertThat(pair.server.connection.openStreams()).isEqualTo(2);
  }

  @Test
  void anOpenAfterGoAwayIsRefused() {
    pair.server.connection.goAway("bye");
    Pair.move(pair.server, pair.client, 1_000);
    toServer(out -> open(out, 3));
    assertResets(3, Flags.REFUSED, Code.UNAVAILABLE);
  }

  @Test
  void anOpenFromAPeerThatSaidGoAwayIsRefused() {
    toServer(out -> out.goAway(0, 0, "bye"));
    toServer(out -> open(out, 3));
    assertResets(3, Flags.REFUSED, Code.UNAVAILABLE);
  }

  @Test
  void metadataAboveTheLimitFailTheirCall() {
    toServer(out -> out.open(3, 0, 1, null, -1, block(METADATA_LIMIT), null));
    assertResets(3, 0, Code.RESOURCE_EXHAUSTED);
    assertThat(pair.server.all(Event.Opened.class)).isEmpty();
    toClient(out -> out.headers(1, block(METADATA_LIMIT)));
    assertThat(pair.client.next(Event.Reset.class).code()).isEqualTo(Code.RESOURCE_EXHAUSTED);
  }

  @Test
  void trailersAboveTheLimitFailTheirCall() {
    toClient(out -> out.status(1, 0, 0, null, new byte[0], block(METADATA_LIMIT), null));
    assertThat(pair.client.next(Event.Reset.class).code()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(pair.client.all(Event.Status.class)).isEmpty();
  }

  @Test
  void aMessageAboveTheLimitFailsItsCallAtItsFirstPiece() {
    toServer(out -> out.message(1, 0, Pair.message(MESSAGE_LIMIT + 1), 10));
    assertResets(1, 0, Code.RESOURCE_EXHAUSTED);
    assertThat(pair.server.next(Event.Reset.class).cause()).isEqualTo(Event.Cause.LIMIT);
    toServer(out -> out.open(3, 0, 1, null, -1, Pair.NONE, Pair.message(MESSAGE_LIMIT + 1)));
    assertResets(3, 0, Code.RESOURCE_EXHAUSTED);
  }

  @Test
  void aStatusWithAMessageAboveTheLimitFailsItsCall() {
    ByteBuffer large = Pair.message(MESSAGE_LIMIT + 1);
    toClient(out -> out.status(1, 0, 0, Pair.NONE, new byte[0], Pair.NONE, large));
    assertThat(pair.client.next(Event.Reset.class).code()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(pair.client.all(Event.Headers.class)).isEmpty();
  }

  @Test
  void aMessageCompressedByAnUnknownMethodFailsItsCall() {
    toServer(out -> out.message(1, Flags.COMPRESSED, Pair.message(10), 10));
    assertResets(1, 0, Code.UNIMPLEMENTED);
    MetadataBlock brotli = Pair.encoding("brotli");
    toServer(out -> out.open(3, Flags.COMPRESSED, 1, null, -1, brotli, Pair.message(10)));
    assertResets(3, 0, Code.UNIMPLEMENTED);
  }

  @Test
  void aCompressedMessageWithoutTheFeatureFailsItsCall() {
    pair = new Pair(Hello.of("plain", 0, 0), Pair.HELLO);
    MetadataBlock gzip = Pair.encoding("gzip");
    toServer(out -> out.open(1, Flags.COMPRESSED, 1, PATH, -1, gzip, Pair.message(10)));
    assertResets(1, 0, Code.UNIMPLEMENTED);
  }

  @Test
  void headersAndStatusFromTheOpenerAreAnError() {
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.headers(1, Pair.NONE));
    openAStream();
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> status(out, 1));
  }

  @Test
  void secondHeadersAreAnError() {
    toClient(out -> out.headers(1, Pair.NONE));
    clientRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.headers(1, Pair.NONE));
  }

  @Test
  void aMessageBeforeHeadersIsAnError() {
    clientRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.message(1, 0, Pair.message(1), 1));
  }

  @Test
  void endFromTheAcceptorIsAnError() {
    toClient(out -> out.headers(1, Pair.NONE));
    clientRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.message(1, Flags.END, Pair.message(1), 1));
    openAStream();
    toClient(out -> out.headers(1, Pair.NONE));
    clientRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.halfClose(1));
  }

  @Test
  void aMessageAfterEndIsAnError() {
    toServer(out -> out.halfClose(1));
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.message(1, 0, Pair.message(1), 1));
  }

  @Test
  void moreThanTheCreditIsAnError() {
    toServer(out -> out.message(1, 0, Pair.message(900), 900));
    toServer(out -> out.message(1, 0, Pair.message(900), 900));
    serverRefuses(GoAwayCode.FLOW_CONTROL_ERROR, out -> out.message(1, 0, Pair.message(200), 200));
    openAStream();
    ByteBuffer all = Pair.message(CREDIT - 15);
    clientRefuses(
        GoAwayCode.FLOW_CONTROL_ERROR,
        out -> out.status(1, 0, 0, Pair.NONE, new byte[0], Pair.NONE, all));
    openAStream();
    serverRefuses(
        GoAwayCode.FLOW_CONTROL_ERROR,
        out -> out.open(3, 0, 1, null, -1, Pair.NONE, Pair.message(CREDIT - 15)));
  }

  @Test
  void aCreditOfNothingOrTooMuchIsAnError() {
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.credit(1, 0));
    openAStream();
    toServer(out -> out.credit(1, Integer.MAX_VALUE - CREDIT));
    assertThat(accepted.outbox.credit).isEqualTo(Integer.MAX_VALUE);
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.credit(1, 1));
    openAStream();
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.credit(1, -1));
  }

  @Test
  void aResetWithoutACodeOrRefusedByTheOpenerIsAnError() {
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.reset(1, 0, 0, ""));
    openAStream();
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.reset(1, Flags.REFUSED, 1, ""));
  }

  @Test
  void aSecondHelloIsAnError() {
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, out -> out.hello(Pair.HELLO));
  }

  @Test
  void framesOfTheConnectionWithAStreamAreAnError() {
    for (int type : new int[] {1, 8, 9}) {
      serverRefuses(GoAwayCode.PROTOCOL_ERROR, raw(8, type, 1, new byte[8]));
      openAStream();
    }
  }

  @Test
  void framesOfAStreamWithoutOneAreAnError() {
    for (int type = 2; type <= 7; type++) {
      serverRefuses(GoAwayCode.PROTOCOL_ERROR, raw(0, type, 0, new byte[0]));
      openAStream();
    }
  }

  @Test
  void anythingButHelloAndGoAwayBeforeHelloIsAnError() {
    for (int type : new int[] {2, 3, 4, 5, 6, 7, 8, 10, 128, 255}) {
      Pair.Half server = new Pair.Half(Side.ACCEPTOR, Settings.of("test:x", Pair.HELLO));
      FrameWriter out = new FrameWriter();
      out.preface();
      server.connection.receive(out.view());
      server.connection.receive(frame(0, type, type == 8 ? 0 : 1, new byte[0]));
      assertClosed(server, GoAwayCode.PROTOCOL_ERROR);
    }
  }

  @Test
  void aFrameAboveTheLimitIsAnErrorFromItsHeaderAlone() {
    serverRefuses(GoAwayCode.FRAME_TOO_LARGE, raw(65_537, 4, 1, new byte[0]));
    openAStream();
    serverRefuses(GoAwayCode.FRAME_TOO_LARGE, raw(-1, 200, 1, new byte[0]));
  }

  @Test
  void aPayloadThatEndsTooEarlyOrTooLateIsAnError() {
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, raw(7, 8, 0, new byte[7]));
    openAStream();
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, raw(9, 8, 0, new byte[9]));
    openAStream();
    clientRefuses(GoAwayCode.PROTOCOL_ERROR, raw(3, 3, 1, new byte[3]));
    openAStream();
    clientRefuses(GoAwayCode.PROTOCOL_ERROR, raw(1, 3, 1, new byte[1]));
  }

  @Test
  void anUnknownTypeUnder128IsAnError() {
    serverRefuses(GoAwayCode.PROTOCOL_ERROR, raw(0, 127, 1, new byte[0]));
  }

  @Test
  void anUnknownTypeFrom128OnIsSkipped() {
    pair.server.connection.receive(frame(5, 128, 0, new byte[5]));
    pair.server.connection.receive(frame(5, 255, 77, new byte[5]));
    assertThat(pair.server.connection.state()).isEqualTo(ConnectionState.OPEN);
    assertThat(pair.server.connection.hasOutbound()).isFalse();
  }

  // ---- what the tests are made of

  private static void open(FrameWriter out, int stream) {
    out.open(stream, 0, 1, null, -1, Pair.NONE, null);
  }

  private static void status(FrameWriter out, int stream) {
    out.status(stream, 0, 0, null, new byte[0], Pair.NONE, null);
  }

  private static MetadataBlock block(int bytes) {
    return MetadataBlock.builder().add("k", new byte[bytes]).build();
  }

  private static Consumer<FrameWriter> raw(int length, int type, int stream, byte[] payload) {
    return out -> {
      // A RESET is as good as any frame to be written over.
      out.reset(9, 0, 9, "x".repeat(payload.length));
      out.view().put(frame(length, type, stream, payload));
    };
  }

  private static ByteBuffer frame(int length, int type, int stream, byte[] payload) {
    ByteBuffer out = ByteBuffer.allocate(16 + payload.length).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(length).put((byte) type).put((byte) 0).putShort((short) 0);
    return out.putInt(stream).putInt(0).put(payload).flip();
  }

  private void toServer(Consumer<FrameWriter> frames) {
    feed(pair.server, frames);
  }

  private void toClient(Consumer<FrameWriter> frames) {
    feed(pair.client, frames);
  }

  private static void feed(Pair.Half half, Consumer<FrameWriter> frames) {
    FrameWriter out = new FrameWriter();
    frames.accept(out);
    half.connection.receive(out.view());
  }

  private void serverRefuses(GoAwayCode code, Consumer<FrameWriter> frames) {
    toServer(frames);
    assertClosed(pair.server, code);
  }

  private void clientRefuses(GoAwayCode code, Consumer<FrameWriter> frames) {
    assertThat(call.isLocal()).isTrue();
    toClient(frames);
    assertClosed(pair.client, code);
  }

  private static void assertClosed(Pair.Half half, GoAwayCode code) {
    assertThat(half.connection.state()).isEqualTo(ConnectionState.CLOSED);
    assertThat(half.connection.fault().getMessage()).contains("(" + code + ")");
    assertThat(half.next(Event.Closed.class).end()).isEqualTo(End.MALFORMED);
    // The peer learns why.
    Pair.Half peer = new Pair.Half(Side.CONNECTOR, Settings.of("test:peer", Pair.HELLO));
    FrameWriter hello = new FrameWriter();
    hello.preface();
    hello.hello(Pair.HELLO);
    ByteBuffer out = half.connection.outbound();
    if (out.get(out.position()) != (byte) 0xF5) {
      peer.connection.receive(hello.view());
    }
    peer.connection.receive(out);
    assertThat(peer.next(Event.GoAway.class).code()).isEqualTo(code);
  }

  private void assertResets(int stream, int flags, Code code) {
    ByteBuffer out = pair.server.connection.outbound().slice().order(ByteOrder.LITTLE_ENDIAN);
    assertThat(out.get(4)).isEqualTo(6);
    assertThat(out.get(5)).isEqualTo(flags);
    assertThat(out.getInt(8)).isEqualTo(stream);
    assertThat(out.getInt(12)).isEqualTo(Outbound.number(code));
    assertThat(out.remaining()).isEqualTo(16 + out.getInt(0));
    pair.server.connection.sent(out.remaining());
    assertThat(pair.server.connection.state()).isNotEqualTo(ConnectionState.CLOSED);
  }
}
