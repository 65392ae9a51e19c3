package dev.samehost.connection;

import dev.samehost.wire.Hello;
import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Two connections and the link between them, in memory and without time: what is written arrives
 * when the test says so, in chunks of its choice.
 */
public final class Pair {
  public static final Hello HELLO = Hello.of("samehost-test", 1, 2, "gzip");
  public static final MetadataBlock NONE = MetadataBlock.EMPTY;

  /** One connection with the bytes and events that it has put out. */
  public static final class Half {
    public final Connection connection;
    final ArrayDeque<Event> events = new ArrayDeque<>();

    /** Is told of each event while it comes. */
    Event.Sink watcher = event -> {};

    public Half(Side side, Settings settings) {
      this(side, settings, Integer.MAX_VALUE);
    }

    public Half(Side side, Settings settings, int bulkBytes) {
      this.connection = new Connection(side, settings, this::take, bulkBytes);
    }

    private void take(Event event) {
      watcher.take(event);
      events.addAll(parts(event));
    }

    /** The next event of this kind; those before it are dropped. */
    public <E extends Event> E next(Class<E> kind) {
      for (Event event = events.poll(); event != null; event = events.poll()) {
        if (kind.isInstance(event)) {
          return kind.cast(event);
        }
      }
      throw new AssertionError("no " + kind.getSimpleName());
    }

    /** All events of this kind; the others stay. */
    public <E extends Event> List<E> all(Class<E> kind) {
      List<E> found = new ArrayList<>();
      for (Event event : List.copyOf(events)) {
        if (kind.isInstance(event)) {
          found.add(kind.cast(event));
          events.remove(event);
        }
      }
      return found;
    }

    public Stream call(String path) {
      return connection.open(null, path, NONE, Stream.NO_DEADLINE, null, false, false);
    }

    public void send(Stream stream, int bytes) {
      connection.sendMessage(stream, message(bytes), false, false);
    }
  }

  public final Half client;
  public final Half server;

  public Pair() {
    this(HELLO, HELLO);
  }

  public Pair(Hello client, Hello server) {
    this(Settings.of("test:client", client), Settings.of("test:server", server));
  }

  public Pair(Settings client, Settings server) {
    this(new Half(Side.CONNECTOR, client), new Half(Side.ACCEPTOR, server));
  }

  public Pair(Half client, Half server) {
    this.client = client;
    this.server = server;
    run();
  }

  /** An event, or those of which a whole answer consists. */
  public static List<Event> parts(Event event) {
    if (!(event instanceof Event.Answer answer)) {
      return List.of(event);
    }
    Stream stream = answer.stream();
    return List.of(
        new Event.Headers(stream, answer.headers()),
        new Event.Message(stream, answer.bytes(), answer.compressed()),
        new Event.Status(stream, answer.code(), answer.text(), answer.trailers()));
  }

  /** How many messages the stream was asked for in all. */
  public static long requested(Stream stream) {
    return stream.inbox.requested();
  }

  /** The bytes of a message, whatever pieces it came in. */
  public static ByteBuffer joined(Pieces message) {
    ByteBuffer joined = ByteBuffer.allocate(message.size());
    for (Pieces piece = message; piece != null; piece = piece.next()) {
      joined.put(piece.bytes().duplicate());
    }
    return joined.flip();
  }

  /** Moves bytes until both sides are quiet. */
  public void run() {
    while (move(client, server, Integer.MAX_VALUE) + move(server, client, Integer.MAX_VALUE) > 0) {
      // Until nothing moves.
    }
  }

  /** Moves at most so many bytes one way, and answers how many there were. */
  public static int move(Half from, Half to, int most) {
    ByteBuffer out = from.connection.outbound();
    byte[] bytes = new byte[Math.min(most, out.remaining())];
    out.get(bytes);
    from.connection.sent(bytes.length);
    if (bytes.length > 0) {
      to.connection.receive(ByteBuffer.wrap(bytes));
    }
    return bytes.length;
  }

  /** A stream that the client opened, as the server sees it. */
  public Stream accepted() {
    run();
    return server.next(Event.Opened.class).stream();
  }

  /** A message of so many bytes, each of which tells its place. */
  public static ByteBuffer message(int bytes) {
    byte[] array = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      array[i] = (byte) (i * 31 + (i >>> 8));
    }
    return ByteBuffer.wrap(array);
  }

  /** Metadata that name a method of compression. */
  public static MetadataBlock encoding(String name) {
    byte[] value = name.getBytes(StandardCharsets.US_ASCII);
    return MetadataBlock.builder().add("grpc-encoding", value).build();
  }

  /** A HELLO with other limits; 0 stands for the default. */
  public static Hello hello(
      int maxFrame, int credit, int maxMessage, int maxMetadata, int maxStreams) {
    return new Hello(
        1,
        1,
        "samehost-test",
        1,
        2,
        List.of("gzip"),
        maxFrame,
        credit,
        maxMessage,
        maxMetadata,
        maxStreams,
        0);
  }
}
