package dev.samehost.wire;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What the vectors do not say of the reader, the writer and the fields. */
final class CodecTest {
  @Test
  void aFrameThatLiesWholeInTheInputIsNotCopied() throws WireException {
    ByteBuffer in = frames(3);
    FrameReader reader = new FrameReader(65_536);
    for (int i = 0; i < 3; i++) {
      assertThat(reader.next(in)).isTrue();
      assertThat(reader.ownsPayload()).isFalse();
      assertThat(reader.payload()).isSameInstanceAs(in);
      assertThat(reader.payload().remaining()).isEqualTo(i);
    }
    assertThat(reader.next(in)).isFalse();
    assertThat(in.position()).isEqualTo(in.capacity());
    assertThat(in.limit()).isEqualTo(in.capacity());
  }

  @Test
  void aFrameThatArrivesInPartsMayBeKept() throws WireException {
    ByteBuffer in = frames(100).position(16 * 99 + 99 * 98 / 2);
    FrameReader reader = new FrameReader(65_536);
    assertThat(reader.next(in.slice(in.position(), 20).order(ByteOrder.LITTLE_ENDIAN))).isFalse();
    in.position(in.position() + 20);
    assertThat(reader.next(in)).isTrue();
    assertThat(reader.ownsPayload()).isTrue();
    assertThat(reader.payload().remaining()).isEqualTo(99);
  }

  @Test
  void aLargeFrameInPartsGrowsAsItArrives() throws WireException {
    byte[] payload = new byte[1 << 20];
    new Random(3).nextBytes(payload);
    FrameWriter writer = new FrameWriter();
    writer.message(1, 0, ByteBuffer.wrap(payload), payload.length);
    ByteBuffer all = writer.view();
    FrameReader reader = new FrameReader(2 << 20);
    boolean complete = false;
    while (all.hasRemaining()) {
      assertThat(complete).isFalse();
      int count = Math.min(all.remaining(), 10_007);
      ByteBuffer part = all.slice(all.position(), count).order(ByteOrder.LITTLE_ENDIAN);
      all.position(all.position() + count);
      complete = reader.next(part);
    }
    assertThat(complete).isTrue();
    assertThat(reader.payload()).isEqualTo(ByteBuffer.wrap(payload));
  }

  @Test
  void theRestOfALargeFrameMayBePutWhereItBelongs() throws WireException {
    byte[] payload = new byte[300_000];
    new Random(4).nextBytes(payload);
    FrameWriter writer = new FrameWriter();
    writer.message(1, 0, ByteBuffer.wrap(payload), payload.length);
    writer.ping(0, 7);
    ByteBuffer all = writer.view();
    FrameReader reader = new FrameReader(2 << 20);
    assertThat(reader.unfinished()).isNull();
    ByteBuffer nothing = ByteBuffer.allocate(0).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer first = all.slice(0, 20).order(ByteOrder.LITTLE_ENDIAN);
    all.position(20);
    while (!reader.next(first)) {
      ByteBuffer unfinished = reader.unfinished();
      int count = Math.min(unfinished.remaining(), 50_000);
      unfinished.put(all.slice(all.position(), count));
      all.position(all.position() + count);
      first = nothing;
    }
    assertThat(reader.payload()).isEqualTo(ByteBuffer.wrap(payload));
    assertThat(reader.ownsPayload()).isTrue();
    ByteBuffer last = all.slice(all.position(), all.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(reader.next(last)).isTrue();
    assertThat(reader.header().type()).isEqualTo(FrameType.PING.number());
    assertThat(reader.unfinished()).isNull();
  }

  @Test
  void tooLongAFrameIsRefusedFromItsHeaderAlone() {
    FrameReader reader = new FrameReader(10);
    ByteBuffer in = frames(12).position(16 * 11 + 11 * 10 / 2).limit(16 * 12 + 11 * 10 / 2);
    WireException refused = assertThrows(WireException.class, () -> reader.next(in));
    assertThat(refused.code()).isEqualTo(GoAwayCode.FRAME_TOO_LARGE);
    assertThat(refused).hasMessageThat().contains("11 bytes, where at most 10");
  }

  @Test
  void theWriterKeepsWhatWaitsWhileItGrowsAndShrinks() throws WireException {
    FrameWriter writer = new FrameWriter();
    FrameReader reader = new FrameReader(65_536);
    Frame frame = new Frame();
    Random random = new Random(5);
    long written = 0;
    long read = 0;
    for (int round = 0; round < 5_000; round++) {
      int burst = round % 500 == 0 ? 5_000 : random.nextInt(10);
      for (int i = 0; i < burst; i++) {
        writer.ping(0, written++);
      }
      int count = round % 100 == 0 ? writer.pending() : random.nextInt(writer.pending() + 1);
      ByteBuffer in = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
      in.put(writer.view().limit(writer.view().position() + count)).flip();
      writer.sent(count);
      while (reader.next(in)) {
        frame.decode(FrameType.PING, reader.header(), reader.payload());
        assertThat(frame.data()).isEqualTo(read++);
      }
    }
    assertThat(read).isGreaterThan(50_000);
    assertThrows(IllegalArgumentException.class, () -> writer.sent(writer.pending() + 1));
    for (int i = 0; i < 5_000; i++) {
      writer.ping(0, i);
      writer.sent(writer.pending());
    }
    assertThat(writer.view().capacity()).isEqualTo(4_096);
  }

  @Test
  void textsAreCutAtACharacter() {
    assertThat(FrameWriter.text("x".repeat(5_000))).hasLength(4_096);
    assertThat(FrameWriter.text("ü".repeat(3_000), 11)).hasLength(10);
    assertThat(FrameWriter.text("😀😀", 7)).hasLength(4);
    assertThat(FrameWriter.text("😀", 3)).hasLength(0);
    assertThat(new String(FrameWriter.text("aé", 3), StandardCharsets.UTF_8)).isEqualTo("aé");
  }

  @Test
  void metadataKeepOrderDuplicatesAndAnyBytes() throws WireException {
    byte[] any = new byte[256];
    for (int i = 0; i < any.length; i++) {
      any[i] = (byte) i;
    }
    MetadataBlock.Builder builder = MetadataBlock.builder();
    for (int i = 0; i < 100; i++) {
      builder.add("k-" + i % 3 + ".bin_", i % 2 == 0 ? any : new byte[0]);
    }
    MetadataBlock block = builder.build();
    FrameWriter writer = new FrameWriter();
    writer.headers(1, block);
    FrameReader reader = new FrameReader(65_536);
    assertThat(reader.next(writer.view().order(ByteOrder.LITTLE_ENDIAN))).isTrue();
    assertThat(reader.header().length()).isEqualTo(2 + block.bytes());
    Frame frame = new Frame();
    frame.decode(FrameType.HEADERS, reader.header(), reader.payload());
    assertThat(frame.metadata()).isEqualTo(block);
    assertThat(frame.metadata().hashCode()).isEqualTo(block.hashCode());
    assertThat(frame.metadata().bytes()).isEqualTo(block.bytes());
    assertThat(frame.metadata().first("k-1.bin_")).hasLength(0);
    assertThat(frame.metadata().first("none")).isNull();
  }

  @Test
  void onlyMetadataKeysAreKeys() {
    for (String key : List.of("", "K", "a b", "ü", "a:", "x".repeat(256))) {
      assertThat(MetadataBlock.isKey(key)).isFalse();
      assertThrows(
          IllegalArgumentException.class, () -> MetadataBlock.builder().add(key, new byte[0]));
    }
    assertThat(MetadataBlock.isKey("x".repeat(255))).isTrue();
    assertThat(MetadataBlock.isReserved("grpc-timeout")).isTrue();
    assertThat(MetadataBlock.isReserved(":path")).isTrue();
    assertThat(MetadataBlock.isReserved("grpc-encoding")).isFalse();
  }

  @Test
  void aDeadlineBeyondAllYearsIsTheLongestThereIs() throws WireException {
    FrameWriter writer = new FrameWriter();
    writer.open(1, 0, 1, null, 5, MetadataBlock.EMPTY, null);
    ByteBuffer in = writer.view().order(ByteOrder.LITTLE_ENDIAN);
    in.putLong(16, -1);
    FrameReader reader = new FrameReader(65_536);
    assertThat(reader.next(in)).isTrue();
    Frame frame = new Frame();
    frame.decode(FrameType.OPEN, reader.header(), reader.payload());
    assertThat(frame.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void aHelloOfAnotherFutureIsUnderstood() throws WireException {
    Hello hello = Hello.of("x", Long.MAX_VALUE, -1, "a", "b");
    byte[] bytes = hello.encode();
    assertThat(Hello.decode(ByteBuffer.wrap(bytes))).isEqualTo(hello);
    assertThat(hello.maxFrameBytes()).isEqualTo(65_536);
    assertThat(hello.has("b")).isTrue();
    assertThat(hello.withLimits(0, 1, 256, 3).maxMessageBytes()).isEqualTo(1);
    // The last of a repeated number counts.
    byte[] twice = {8, 1, 16, 1, 88, 5, 88, 6};
    assertThat(Hello.decode(ByteBuffer.wrap(twice)).maxStreams()).isEqualTo(6);
    assertThrows(IllegalArgumentException.class, () -> Hello.of("x".repeat(5_000), 0, 0).encode());
  }

  @Test
  void anUnknownCodeOfAGoAwayIsAnInternalError() {
    assertThat(GoAwayCode.of(99)).isEqualTo(GoAwayCode.INTERNAL_ERROR);
    assertThat(GoAwayCode.of(-1)).isEqualTo(GoAwayCode.INTERNAL_ERROR);
    assertThat(GoAwayCode.of(7)).isEqualTo(GoAwayCode.LIMIT_EXCEEDED);
  }

  /** MESSAGE frames of 0, 1, 2 and so on bytes. */
  private static ByteBuffer frames(int count) {
    FrameWriter writer = new FrameWriter();
    for (int i = 0; i < count; i++) {
      writer.message(1, 0, ByteBuffer.allocate(i), i);
    }
    ByteBuffer copy = ByteBuffer.allocate(writer.pending()).order(ByteOrder.LITTLE_ENDIAN);
    return copy.put(writer.view()).flip();
  }
}
