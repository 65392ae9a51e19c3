package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.samehost.transport.Code;
import dev.samehost.wire.Flags;
import dev.samehost.wire.Frame;
import dev.samehost.wire.FrameHeader;
import dev.samehost.wire.FrameReader;
import dev.samehost.wire.FrameType;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.MetadataBlock;
import dev.samehost.wire.Vectors;
import dev.samehost.wire.WireException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Plays one case of sequences.json or refused.json on a connection, step by step. */
final class Replay {
  private static final int PREFACE = 8;

  final Connection connection;

  private final int pieceBytes;
  private final Map<Long, Stream> streams = new HashMap<>();
  private final ArrayDeque<Event> events = new ArrayDeque<>();
  private final ByteArrayOutputStream sent = new ByteArrayOutputStream();

  /**
   * The connection of a case.
   *
   * @param pieceBytes received bytes come in pieces of this many
   */
  Replay(JsonObject json, int pieceBytes) {
    this.pieceBytes = pieceBytes;
    Settings settings =
        Settings.of("test:link", Vectors.hello(json.getAsJsonObject("hello")))
            .withFirstStream((int) Vectors.number(json, "first_stream"));
    Side side = Side.valueOf(upper(Vectors.string(json, "side")));
    connection = new Connection(side, settings, this::take);
    pull();
  }

  void steps(Iterable<JsonElement> steps) throws WireException {
    for (JsonElement each : steps) {
      JsonObject step = each.getAsJsonObject();
      try {
        step(step);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("at the step " + cut(step.toString()), e);
      }
    }
  }

  private static String cut(String text) {
    return text.length() < 300 ? text : text.substring(0, 300) + "...";
  }

  private void step(JsonObject step) throws WireException {
    String key = step.keySet().iterator().next();
    switch (key) {
      case "receive" -> receive(Vectors.bytes(step, key));
      case "receive_end" -> receiveEnd();
      case "send" -> assertThat(takeSentHex()).isEqualTo(Vectors.string(step, key));
      case "send_like" -> assertSent(List.of(step.getAsJsonObject(key)));
      case "send_like_all" -> {
        List<JsonObject> frames = new ArrayList<>();
        step.getAsJsonArray(key).forEach(frame -> frames.add(frame.getAsJsonObject()));
        assertSent(frames);
      }
      case "event" -> assertEvent(nextEvent(), step.getAsJsonObject(key));
      case "do" -> act(step.getAsJsonObject(key));
      default -> throw new IllegalArgumentException("unknown step " + key);
    }
  }

  void receive(byte[] bytes) {
    for (int at = 0; at < bytes.length; at += pieceBytes) {
      byte[] piece = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + pieceBytes));
      ByteBuffer buffer = ByteBuffer.wrap(piece);
      connection.receive(buffer);
      assertThat(buffer.hasRemaining()).isFalse();
      Arrays.fill(piece, (byte) 0xEE);
      pull();
    }
  }

  void receiveEnd() {
    connection.receiveEnd();
    pull();
  }

  private void take(Event event) {
    boolean passedOver =
        event instanceof Event.Ready
            || event instanceof Event.CanOpen
            || event instanceof Event.Finished;
    if (!passedOver) {
      events.addAll(Pair.parts(event));
    }
    if (event instanceof Event.Opened opened) {
      streams.put(Integer.toUnsignedLong(opened.stream().id()), opened.stream());
    }
  }

  private void pull() {
    while (connection.hasOutbound()) {
      ByteBuffer out = connection.outbound();
      byte[] bytes = new byte[out.remaining()];
      out.get(bytes);
      sent.writeBytes(bytes);
      connection.sent(bytes.length);
    }
  }

  Event nextEvent() {
    return events.poll();
  }

  byte[] takeSent() {
    byte[] bytes = sent.toByteArray();
    sent.reset();
    return bytes;
  }

  private String takeSentHex() {
    return HexFormat.of().formatHex(takeSent());
  }

  void assertNothingLeft() {
    assertThat(events).isEmpty();
    assertThat(takeSentHex()).isEmpty();
  }

  private void act(JsonObject action) {
    Stream stream = streams.get(Vectors.number(action, "stream"));
    byte[] bytes = Vectors.bytes(action, "message");
    ByteBuffer message = bytes == null ? null : ByteBuffer.wrap(bytes);
    MetadataBlock metadata = Vectors.metadata(action, "metadata");
    String text = Vectors.string(action, "text");
    boolean end = Vectors.flag(action, "end");
    boolean compressed = Vectors.flag(action, "compressed");
    Code code = StreamFrames.code((int) Vectors.number(action, "code"));
    switch (Vectors.string(action, "action")) {
      case "open" -> {
        Stream opened =
            connection.open(
                null,
                Vectors.string(action, "path"),
                metadata == null ? MetadataBlock.EMPTY : metadata,
                action.has("deadline_nanos") ? Vectors.number(action, "deadline_nanos") : -1,
                message,
                compressed,
                end);
        streams.put(Integer.toUnsignedLong(opened.id()), opened);
      }
      case "message" -> connection.sendMessage(stream, message, compressed, end);
      case "half_close" -> connection.halfClose(stream);
      case "headers" -> connection.sendHeaders(stream, metadata);
      case "status" ->
          connection.sendStatus(
              stream,
              Vectors.metadata(action, "headers"),
              message,
              compressed,
              code,
              text,
              Vectors.metadata(action, "trailers"));
      case "reset" -> connection.reset(stream, code, text);
      case "request" -> connection.request(stream, (int) Vectors.number(action, "count"));
      case "goaway" -> connection.goAway(text);
      default -> throw new IllegalArgumentException(action.toString());
    }
    pull();
  }

  private static String upper(String text) {
    return text.toUpperCase(java.util.Locale.ROOT);
  }

  static void assertEvent(Event event, JsonObject expected) {
    assertWithMessage("an event").that(event).isNotNull();
    assertThat(kind(event)).isEqualTo(Vectors.string(expected, "kind"));
    if (event instanceof Event.HelloReceived hello) {
      assertThat(hello.version()).isEqualTo(Vectors.number(expected, "version"));
    } else if (event instanceof Event.Opened opened) {
      assertStream(opened.stream(), expected);
      assertThat(opened.path()).isEqualTo(Vectors.string(expected, "path"));
      assertThat(opened.metadata()).isEqualTo(Vectors.metadata(expected, "metadata"));
      long deadline =
          expected.has("deadline_nanos") ? Vectors.number(expected, "deadline_nanos") : -1;
      assertThat(opened.deadlineNanos()).isEqualTo(deadline);
    } else if (event instanceof Event.Headers headers) {
      assertStream(headers.stream(), expected);
      assertThat(headers.metadata()).isEqualTo(Vectors.metadata(expected, "metadata"));
    } else if (event instanceof Event.Message message) {
      assertStream(message.stream(), expected);
      assertThat(Pair.joined(message.bytes()))
          .isEqualTo(ByteBuffer.wrap(Vectors.bytes(expected, "message")));
      assertThat(message.compressed()).isEqualTo(Vectors.flag(expected, "compressed"));
    } else if (event instanceof Event.HalfClosed closed) {
      assertStream(closed.stream(), expected);
    } else if (event instanceof Event.Status status) {
      assertStream(status.stream(), expected);
      assertThat(Outbound.number(status.code())).isEqualTo(Vectors.number(expected, "code"));
      assertText(status.text(), expected);
      assertThat(status.trailers()).isEqualTo(Vectors.metadata(expected, "trailers"));
    } else if (event instanceof Event.Reset reset) {
      assertStream(reset.stream(), expected);
      assertThat(Outbound.number(reset.code())).isEqualTo(Vectors.number(expected, "code"));
      assertText(reset.text(), expected);
      assertThat(reset.refused()).isEqualTo(Vectors.flag(expected, "refused"));
    } else if (event instanceof Event.GoAway goAway) {
      assertThat(Integer.toUnsignedLong(goAway.lastStream()))
          .isEqualTo(Vectors.number(expected, "last_stream"));
      assertThat(goAway.code().name()).isEqualTo(Vectors.string(expected, "code"));
      assertText(goAway.text(), expected);
    } else if (event instanceof Event.Closed closed) {
      assertThat(closed.end().name()).isEqualTo(Vectors.string(expected, "end"));
    } else {
      throw new AssertionError("no such event in the vectors: " + event);
    }
  }

  private static String kind(Event event) {
    if (event instanceof Event.HelloReceived) {
      return "HELLO";
    }
    if (event instanceof Event.HalfClosed) {
      return "HALF_CLOSED";
    }
    return upper(event.getClass().getSimpleName());
  }

  private static void assertStream(Stream stream, JsonObject expected) {
    assertThat(Integer.toUnsignedLong(stream.id())).isEqualTo(Vectors.number(expected, "stream"));
  }

  private static void assertText(String text, JsonObject expected) {
    if (Vectors.string(expected, "text") != null) {
      assertThat(text).isEqualTo(Vectors.string(expected, "text"));
    }
  }

  private void assertSent(List<JsonObject> expected) throws WireException {
    byte[] bytes = takeSent();
    int start = bytes.length > 0 && bytes[0] == (byte) 0xF5 ? PREFACE : 0;
    ByteBuffer in =
        ByteBuffer.wrap(bytes, start, bytes.length - start).order(ByteOrder.LITTLE_ENDIAN);
    FrameReader reader = new FrameReader(16 << 20);
    for (JsonObject frame : expected) {
      assertWithMessage("a frame like " + frame).that(reader.next(in)).isTrue();
      assertLike(reader, frame);
    }
    assertThat(reader.next(in)).isFalse();
    assertThat(reader.isBetweenFrames()).isTrue();
  }

  private static void assertLike(FrameReader reader, JsonObject expected) throws WireException {
    FrameHeader header = reader.header();
    FrameType type = FrameType.of(header.type());
    assertThat(type.name()).isEqualTo(Vectors.string(expected, "type"));
    assertThat(Integer.toUnsignedLong(header.stream()))
        .isEqualTo(Vectors.number(expected, "stream"));
    assertThat(Integer.toUnsignedLong(header.word())).isEqualTo(Vectors.number(expected, "word"));
    if (type == FrameType.RESET) {
      boolean refused =
          expected.has("flags") && expected.getAsJsonArray("flags").toString().contains("REFUSED");
      assertThat(header.has(Flags.REFUSED)).isEqualTo(refused);
    }
    Frame frame = new Frame();
    frame.decode(type, header, reader.payload());
    if (expected.has("code")) {
      assertThat(GoAwayCode.of(frame.code()).name()).isEqualTo(Vectors.string(expected, "code"));
    }
  }

  /** The code of the GOAWAY that was put out last, or null when none was. */
  GoAwayCode lastGoAway() throws WireException {
    byte[] bytes = takeSent();
    int start = bytes.length > 0 && bytes[0] == (byte) 0xF5 ? PREFACE : 0;
    ByteBuffer in =
        ByteBuffer.wrap(bytes, start, bytes.length - start).order(ByteOrder.LITTLE_ENDIAN);
    FrameReader reader = new FrameReader(16 << 20);
    GoAwayCode last = null;
    while (reader.next(in)) {
      last = null;
      if (FrameType.of(reader.header().type()) == FrameType.GOAWAY) {
        Frame frame = new Frame();
        frame.decode(FrameType.GOAWAY, reader.header(), reader.payload());
        last = GoAwayCode.of(frame.code());
      }
    }
    return last;
  }
}
