package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;

import com.sun.management.ThreadMXBean;
import dev.samehost.transport.Code;
import dev.samehost.wire.FrameWriter;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Hostile bytes and random schedules, by fixed seeds: a connection ends by an event and never by an
 * exception, keeps its order of events, and holds no more than it may.
 */
final class FuzzTest {
  private static final int BOUND = 1 << 20;

  @Test
  void randomBytesNeverThrow() {
    for (int seed = 0; seed < 1_000; seed++) {
      Random random = new Random(seed);
      Side side = random.nextBoolean() ? Side.ACCEPTOR : Side.CONNECTOR;
      int noise = random.nextInt(4) == 0 ? 64 : 0;
      Pair.Half half = new Pair.Half(side, Settings.of("f:", Pair.HELLO).withNoise(noise));
      if (random.nextInt(8) != 0) {
        feed(half, greeting(), random);
      }
      byte[] bytes = new byte[random.nextInt(300)];
      random.nextBytes(bytes);
      feed(half, bytes, random);
      half.connection.receiveEnd();
      assertEnded(half, seed);
    }
  }

  @Test
  void randomFramesNeverThrow() {
    for (int seed = 0; seed < 1_000; seed++) {
      Random random = new Random(seed);
      Pair pair = conversation(random);
      Pair.Half half = random.nextBoolean() ? pair.client : pair.server;
      for (int i = 0; i < 30; i++) {
        feed(half, randomFrame(random), random);
        act(half, random);
      }
      half.connection.receiveEnd();
      assertEnded(half, seed);
    }
  }

  @Test
  void damagedConversationsNeverThrow() {
    for (int seed = 0; seed < 1_000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = recorded(random);
      for (int damage = random.nextInt(4); damage >= 0; damage--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      Pair.Half half = new Pair.Half(Side.ACCEPTOR, Settings.of("f:", Pair.HELLO));
      feed(half, bytes, random);
      act(half, random);
      half.connection.receiveEnd();
      assertEnded(half, seed);
    }
  }

  @Test
  void twoConnectionsNeverBreakEachOthersRules() {
    for (int seed = 0; seed < 150; seed++) {
      Random random = new Random(seed);
      Pair pair = conversation(random);
      for (int step = 0; step < 400; step++) {
        Pair.Half actor = random.nextBoolean() ? pair.client : pair.server;
        Pair.Half other = actor == pair.client ? pair.server : pair.client;
        act(actor, random);
        Pair.move(actor, other, random.nextInt(5_000));
        assertWithMessage("seed %s: %s", seed, actor.connection.fault())
            .that(actor.connection.state())
            .isEqualTo(ConnectionState.OPEN);
      }
      pair.run();
      assertThat(pair.client.connection.state()).isEqualTo(ConnectionState.OPEN);
      assertThat(pair.server.connection.state()).isEqualTo(ConnectionState.OPEN);
      assertThat(pair.client.connection.openStreams())
          .isEqualTo(pair.server.connection.openStreams());
      pair.client.connection.receiveEnd();
      pair.server.connection.receiveEnd();
      assertEnded(pair.client, seed);
      assertEnded(pair.server, seed);
    }
  }

  @Test
  void aLengthThatLiesTakesNoMemory() {
    Pair pair = new Pair(Pair.HELLO, Pair.hello(16 << 20, 0, Integer.MAX_VALUE, 0, 0));
    List<Stream> accepted = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      pair.client.call("/t.S/M");
      accepted.add(pair.accepted());
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (Stream stream : accepted) {
      FrameWriter out = new FrameWriter();
      out.message(stream.id(), 0, ByteBuffer.allocate(100), 1);
      // One byte of what is said to be nearly 2 GiB.
      out.view().order(ByteOrder.LITTLE_ENDIAN).putInt(12, 0x7FFF_FF00);
      pair.server.connection.receive(out.view());
    }
    pair.server.connection.receive(ByteBuffer.wrap(new byte[] {0, 0, 0, 1, 4, 2, 0, 0}));
    assertThat(pair.server.connection.state()).isEqualTo(ConnectionState.OPEN);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(8L << 20);
    assertThat(accepted.get(0).inbox.isInsideMessage()).isTrue();
  }

  // ---- what happens

  private static Pair conversation(Random random) {
    int credit = random.nextBoolean() ? 0 : 1_024 + random.nextInt(3_000);
    int frame = random.nextBoolean() ? 0 : 4_096;
    int streams = random.nextBoolean() ? 0 : 5;
    return new Pair(
        Pair.hello(frame, credit, 0, 0, streams), Pair.hello(frame, credit, 0, 0, streams));
  }

  /** The streams of a half that were named by an event or opened by it, and are not over. */
  private static List<Stream> open(Pair.Half half) {
    Set<Stream> known = new HashSet<>();
    for (Event event : half.events) {
      if (event instanceof Event.Opened opened) {
        known.add(opened.stream());
      }
    }
    known.removeIf(Stream::isClosed);
    return new ArrayList<>(known);
  }

  private static void act(Pair.Half half, Random random) {
    Connection connection = half.connection;
    if (random.nextInt(3) == 0 && connection.canOpen()) {
      ByteBuffer message = random.nextBoolean() ? Pair.message(random.nextInt(9_000)) : null;
      boolean end = random.nextBoolean();
      Stream stream =
          connection.open(null, "/t.S/M" + random.nextInt(3), Pair.NONE, -1, message, false, end);
      connection.request(stream, random.nextInt(4));
      if (!end && random.nextBoolean()) {
        connection.sendMessage(stream, Pair.message(random.nextInt(20_000)), false, true);
      } else if (random.nextInt(4) == 0) {
        connection.reset(stream, Code.CANCELLED, "");
      }
    }
    for (Stream stream : open(half)) {
      switch (random.nextInt(5)) {
        case 0 -> connection.request(stream, 1 + random.nextInt(3));
        case 1 -> {
          if (!stream.outbox.ended && !stream.hasHeaders()) {
            connection.sendHeaders(stream, Pair.NONE);
          }
        }
        case 2 -> {
          if (!stream.outbox.ended && stream.hasHeaders()) {
            connection.sendMessage(stream, Pair.message(random.nextInt(9_000)), false, false);
          }
        }
        case 3 -> {
          if (!stream.outbox.ended) {
            ByteBuffer message = random.nextBoolean() ? Pair.message(random.nextInt(99)) : null;
            connection.sendStatus(stream, null, message, false, Code.OK, "", Pair.NONE);
          }
        }
        default -> {
          if (random.nextInt(5) == 0) {
            connection.reset(stream, Code.INTERNAL, "");
          }
        }
      }
    }
  }

  private static byte[] randomFrame(Random random) {
    FrameWriter out = new FrameWriter();
    int stream = random.nextInt(10);
    int flags = random.nextInt(4) == 0 ? random.nextInt(256) : 0;
    ByteBuffer message = Pair.message(random.nextInt(50));
    switch (random.nextInt(9)) {
      case 0 -> out.open(stream, flags, random.nextInt(4), path(random), -1, Pair.NONE, message);
      case 1 -> out.headers(stream, Pair.NONE);
      case 2 -> out.message(stream, flags, message, message.remaining() / 2);
      case 3 -> out.halfClose(stream);
      case 4 -> out.status(stream, flags, 0, Pair.NONE, new byte[3], Pair.NONE, message);
      case 5 -> out.reset(stream, flags, random.nextInt(20), "text");
      case 6 -> out.credit(stream, random.nextInt(1_000));
      case 7 -> out.ping(flags, random.nextLong());
      default -> out.goAway(stream, random.nextInt(3) == 0 ? 3 : 0, "bye");
    }
    byte[] bytes = new byte[out.pending()];
    out.view().get(bytes);
    return bytes;
  }

  private static byte[] path(Random random) {
    return random.nextBoolean() ? FrameWriter.path("/t.S/M") : null;
  }

  /** What a client sends in some calls. */
  private static byte[] recorded(Random random) {
    Pair.Half client = new Pair.Half(Side.CONNECTOR, Settings.of("f:", Pair.HELLO));
    client.connection.receive(ByteBuffer.wrap(greeting()));
    for (int i = 0; i < 10; i++) {
      act(client, random);
    }
    ByteBuffer out = client.connection.outbound();
    byte[] bytes = new byte[out.remaining()];
    out.get(bytes);
    return bytes;
  }

  private static byte[] greeting() {
    FrameWriter out = new FrameWriter();
    out.preface();
    out.hello(Pair.HELLO);
    byte[] bytes = new byte[out.pending()];
    out.view().get(bytes);
    return bytes;
  }

  private static void feed(Pair.Half half, byte[] bytes, Random random) {
    int at = 0;
    while (at < bytes.length) {
      int count = Math.min(bytes.length - at, 1 + random.nextInt(40));
      half.connection.receive(ByteBuffer.wrap(bytes, at, count));
      at += count;
    }
    assertThat(half.connection.outbound().remaining()).isAtMost(BOUND);
  }

  /** It is over, says so last, and told of every stream's end once and of nothing after it. */
  private static void assertEnded(Pair.Half half, int seed) {
    assertWithMessage("seed %s", seed)
        .that(half.connection.state())
        .isEqualTo(ConnectionState.CLOSED);
    assertThat(half.connection.openStreams()).isEqualTo(0);
    assertThat(half.events.peekLast()).isInstanceOf(Event.Closed.class);
    Set<Stream> over = new HashSet<>();
    for (Event event : half.events) {
      Stream stream = stream(event);
      if (stream != null) {
        assertWithMessage("seed %s: %s", seed, event).that(over).doesNotContain(stream);
      }
      if (event instanceof Event.Reset || event instanceof Event.Status) {
        over.add(stream);
      }
    }
  }

  private static Stream stream(Event event) {
    if (event instanceof Event.Opened opened) {
      return opened.stream();
    }
    if (event instanceof Event.Message message) {
      return message.stream();
    }
    if (event instanceof Event.HalfClosed closed) {
      return closed.stream();
    }
    if (event instanceof Event.Status status) {
      return status.stream();
    }
    return event instanceof Event.Reset reset ? reset.stream() : null;
  }
}
