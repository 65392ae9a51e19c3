package dev.samehost.wire;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Replays proto/vectors/frames.json: bytes to frames and back. */
final class FrameVectorsTest {
  @TestFactory
  Stream<DynamicTest> everyFrameIsDecoded() {
    return tests(json -> assertDecodes(json, Vectors.bytes(json, "hex").length));
  }

  @TestFactory
  Stream<DynamicTest> everyFrameIsDecodedCutAtEveryByte() {
    return tests(
        json -> {
          for (int cut = 0; cut <= Vectors.bytes(json, "hex").length; cut++) {
            assertDecodes(json, cut);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> everyFrameIsEncoded() {
    return tests(
        json -> {
          FrameWriter writer = new FrameWriter();
          encode(json.getAsJsonObject("frame"), writer);
          assertThat(hex(writer.view())).isEqualTo(Vectors.string(json, "hex"));
        });
  }

  @Test
  void everyExampleOfTheDocumentIsAVector() throws IOException {
    Set<String> vectors = new LinkedHashSet<>();
    Vectors.read("frames.json").forEach(json -> vectors.add(Vectors.string(json, "hex")));
    Set<String> examples = examples();
    assertThat(examples.size()).isAtLeast(12);
    for (String example : examples) {
      assertWithMessage("of PROTOCOL.md in frames.json: " + example)
          .that(vectors)
          .contains(example);
    }
  }

  /** The frames that stand as hex, two digits a byte, in the indented blocks of PROTOCOL.md. */
  private static Set<String> examples() throws IOException {
    Pattern line = Pattern.compile("^ {4}((?:[0-9A-F]{2} +)*[0-9A-F]{2})(?: {2,}\\S.*)?$");
    Set<String> frames = new LinkedHashSet<>();
    StringBuilder block = new StringBuilder();
    for (String text : Files.readAllLines(Vectors.repository().resolve("PROTOCOL.md"))) {
      Matcher matcher = line.matcher(text);
      if (matcher.matches()) {
        block.append(matcher.group(1).replace(" ", "").toLowerCase(Locale.ROOT));
        continue;
      }
      for (int at = 0; block.length() - at >= 2 * FrameHeader.BYTES; ) {
        int length =
            ByteBuffer.wrap(HexFormat.of().parseHex(block.substring(at, at + 8)))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt();
        int end = at + 2 * (FrameHeader.BYTES + length);
        frames.add(block.substring(at, Math.min(end, block.length())));
        at = end;
      }
      block.setLength(0);
    }
    return frames;
  }

  private interface Check {
    void run(JsonObject json) throws Exception;
  }

  private static Stream<DynamicTest> tests(Check check) {
    return Vectors.read("frames.json").stream()
        .map(json -> DynamicTest.dynamicTest(Vectors.string(json, "name"), () -> check.run(json)));
  }

  private static void assertDecodes(JsonObject json, int cut) throws WireException {
    byte[] bytes = Vectors.bytes(json, "hex");
    FrameReader reader = new FrameReader(16 << 20);
    ByteBuffer first = little(Arrays.copyOf(bytes, cut));
    ByteBuffer last = little(Arrays.copyOfRange(bytes, cut, bytes.length));
    if (cut < bytes.length) {
      assertThat(reader.next(first)).isFalse();
      assertThat(reader.isBetweenFrames()).isEqualTo(cut == 0);
    } else {
      last = first;
    }
    assertThat(reader.next(last)).isTrue();
    assertFrame(json.getAsJsonObject("frame"), reader);
    assertThat(reader.next(last)).isFalse();
    assertThat(last.hasRemaining()).isFalse();
    assertThat(reader.isBetweenFrames()).isTrue();
  }

  private static void assertFrame(JsonObject expected, FrameReader reader) throws WireException {
    FrameHeader header = reader.header();
    FrameType type = FrameType.valueOf(Vectors.string(expected, "type"));
    assertThat(FrameType.of(header.type())).isEqualTo(type);
    assertThat(header.flags()).isEqualTo(flags(expected));
    assertThat(Integer.toUnsignedLong(header.stream()))
        .isEqualTo(Vectors.number(expected, "stream"));
    assertThat(Integer.toUnsignedLong(header.word())).isEqualTo(Vectors.number(expected, "word"));
    Frame frame = new Frame();
    frame.decode(type, header, reader.payload());
    switch (type) {
      case HELLO ->
          assertThat(frame.hello()).isEqualTo(Vectors.hello(expected.getAsJsonObject("hello")));
      case OPEN -> {
        assertThat(frame.path()).isEqualTo(Vectors.string(expected, "path"));
        long deadline =
            expected.has("deadline_nanos") ? Vectors.number(expected, "deadline_nanos") : -1;
        assertThat(frame.deadlineNanos()).isEqualTo(deadline);
        assertThat(frame.metadata()).isEqualTo(Vectors.metadata(expected, "metadata"));
      }
      case HEADERS ->
          assertThat(frame.metadata()).isEqualTo(Vectors.metadata(expected, "metadata"));
      case STATUS -> {
        assertThat(frame.headers()).isEqualTo(Vectors.metadata(expected, "headers"));
        assertThat(frame.text()).isEqualTo(Vectors.string(expected, "text"));
        assertThat(frame.metadata()).isEqualTo(Vectors.metadata(expected, "trailers"));
      }
      case RESET -> assertThat(frame.text()).isEqualTo(Vectors.string(expected, "text"));
      case PING -> assertThat(frame.data()).isEqualTo(data(expected));
      case GOAWAY -> {
        assertThat(GoAwayCode.of(frame.code()).name()).isEqualTo(Vectors.string(expected, "code"));
        assertThat(frame.text()).isEqualTo(Vectors.string(expected, "text"));
      }
      case MESSAGE, CREDIT -> {}
    }
    String message = Vectors.string(expected, "message");
    assertThat(hex(reader.payload())).isEqualTo(message == null ? "" : message);
  }

  private static void encode(JsonObject frame, FrameWriter writer) {
    FrameType type = FrameType.valueOf(Vectors.string(frame, "type"));
    int stream = (int) Vectors.number(frame, "stream");
    int word = (int) Vectors.number(frame, "word");
    byte[] bytes = Vectors.bytes(frame, "message");
    ByteBuffer message = bytes == null ? null : ByteBuffer.wrap(bytes);
    String text = Vectors.string(frame, "text");
    int chosen = flags(frame) & (Flags.END | Flags.COMPRESSED);
    switch (type) {
      case HELLO -> writer.hello(Vectors.hello(frame.getAsJsonObject("hello")));
      case OPEN -> {
        String path = Vectors.string(frame, "path");
        writer.open(
            stream,
            chosen,
            word,
            path == null ? null : FrameWriter.path(path),
            frame.has("deadline_nanos") ? Vectors.number(frame, "deadline_nanos") : -1,
            Vectors.metadata(frame, "metadata"),
            message);
      }
      case HEADERS -> writer.headers(stream, Vectors.metadata(frame, "metadata"));
      case MESSAGE -> {
        if (message == null) {
          writer.halfClose(stream);
        } else {
          // The writer reckons the word from the message, so give it the bytes that would follow.
          ByteBuffer whole = ByteBuffer.allocate(bytes.length + word).put(bytes).clear();
          writer.message(stream, chosen, whole, bytes.length);
          assertThat(whole.position()).isEqualTo(bytes.length);
        }
      }
      case STATUS ->
          writer.status(
              stream,
              chosen,
              word,
              Vectors.metadata(frame, "headers"),
              FrameWriter.text(text),
              Vectors.metadata(frame, "trailers"),
              message);
      case RESET -> writer.reset(stream, chosen, word, text);
      case CREDIT -> writer.credit(stream, word);
      case PING -> writer.ping(chosen, data(frame));
      case GOAWAY ->
          writer.goAway(word, GoAwayCode.valueOf(Vectors.string(frame, "code")).number(), text);
    }
  }

  private static long data(JsonObject frame) {
    return little(Vectors.bytes(frame, "data")).getLong();
  }

  private static int flags(JsonObject frame) {
    int flags = 0;
    for (var each : frame.getAsJsonArray("flags")) {
      flags |=
          switch (each.getAsString()) {
            case "END" -> Flags.END;
            case "ACK" -> Flags.ACK;
            case "REFUSED" -> Flags.REFUSED;
            case "MESSAGE" -> Flags.MESSAGE;
            case "PATH" -> Flags.PATH;
            case "DEADLINE" -> Flags.DEADLINE;
            case "COMPRESSED" -> Flags.COMPRESSED;
            case "HEADERS" -> Flags.HEADERS;
            default -> throw new IllegalArgumentException(each.getAsString());
          };
    }
    return flags;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static String hex(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return HexFormat.of().formatHex(copy);
  }
}
