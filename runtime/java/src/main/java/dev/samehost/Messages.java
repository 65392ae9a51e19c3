package dev.samehost;

import dev.samehost.connection.Pieces;
import dev.samehost.transport.Fault;
import dev.samehost.wire.LargeArrays;
import io.grpc.Compressor;
import io.grpc.Decompressor;
import io.grpc.Drainable;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Moves messages between gRPC's marshallers and codecs, and bytes. */
final class Messages {
  /** What limits a message, in the words of all languages. */
  static final String INBOUND = "maximum inbound message size";

  static final String OUTBOUND = "maximum outbound message size";

  private static final int PIECE_BYTES = 8 << 10;

  /** About the largest array of Java. */
  private static final int MOST_BYTES = Integer.MAX_VALUE - 8;

  /** From how many bytes on it is worth a look what a message consists of. */
  static final int LARGE_BYTES = 64 << 10;

  /** The marshaller of grpc-protobuf, by the name of its class, which is not public. */
  static final String PROTOBUF_MARSHALLER =
      "io.grpc.protobuf.lite.ProtoLiteUtils$MessageMarshaller";

  /** What that marshaller gives, by the name of its class, which is not public either. */
  static final String PROTOBUF_STREAM = "io.grpc.protobuf.lite.ProtoInputStream";

  private Messages() {}

  /** Why a message cannot be decoded; not every codec says more than by the type. */
  static String undecodable(String side, Throwable why) {
    String text = why.getMessage() == null ? why.toString() : why.getMessage();
    return Fault.MESSAGE_UNDECODABLE.text(side, text);
  }

  /** So many messages are wanted, as an application says. */
  static int wanted(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("the number of messages must not be negative");
    }
    return count;
  }

  /** All the bytes of a message that a marshaller gave. Closes the stream. */
  static ByteBuffer bytes(InputStream message) {
    try (message) {
      // It writes a message straight into an array, but into a stream by way of a buffer.
      if (message.getClass().getName().equals(PROTOBUF_STREAM)) {
        int length = message.available(); // of it, this is all there is
        byte[] bytes = LargeArrays.take(length);
        return ByteBuffer.wrap(bytes, 0, message.readNBytes(bytes, 0, length));
      }
      // Whether it knows its length is not asked: one test for an interface is slow behind another.
      Sink sink = new Sink(Math.max(32, message.available()));
      if (message instanceof Drainable drainable) {
        drainable.drainTo(sink);
      } else {
        message.transferTo(sink);
      }
      return sink.bytes();
    } catch (IOException e) {
      throw new UncheckedIOException("the message cannot be serialised", e);
    }
  }

  /**
   * The message that a marshaller makes of what was received, from the beginning. A large one of
   * gRPC's own marshaller is made with a copy less, where {@link LargeField} can; nobody else's
   * marshaller is done without.
   */
  static <T> T parse(Marshaller<T> marshaller, ReceivedMessage received) {
    if (received.available() >= LARGE_BYTES && isOfProtobuf(marshaller)) {
      T message = LargeField.parse((PrototypeMarshaller<T>) marshaller, received);
      if (message != null) {
        return message;
      }
      received.reset();
    }
    return marshaller.parse(received);
  }

  private static boolean isOfProtobuf(Marshaller<?> marshaller) {
    return marshaller.getClass().getName().equals(PROTOBUF_MARSHALLER) && Protobuf.IS_WHOLE;
  }

  /** The application's protobuf, looked at when there is a message of it. */
  private static final class Protobuf {
    /** Whether messages have descriptors, which they have not in protobuf's lite runtime. */
    private static final boolean IS_WHOLE = isWhole();

    private static boolean isWhole() {
      try {
        return LargeField.isPossible();
      } catch (NoClassDefFoundError e) {
        return false;
      }
    }
  }

  /** The message as a codec makes it. */
  static ByteBuffer compressed(ByteBuffer message, Compressor compressor) {
    Sink sink = new Sink(Math.max(32, message.remaining() / 2));
    try (OutputStream compressing = compressor.compress(sink)) {
      compressing.write(
          message.array(), message.arrayOffset() + message.position(), message.remaining());
    } catch (IOException e) {
      throw new UncheckedIOException("the message cannot be compressed", e);
    }
    return sink.bytes();
  }

  /**
   * The message as it was before a codec compressed it; null when it has more than {@code limit}
   * bytes, of which no more is looked at.
   *
   * @throws IOException when the codec cannot make sense of it
   */
  static Pieces decompressed(Pieces message, Decompressor decompressor, int limit)
      throws IOException {
    byte[] piece = new byte[PIECE_BYTES];
    Sink sink = new Sink(Math.min(limit, 2 * PIECE_BYTES));
    try (InputStream plain = decompressor.decompress(new ReceivedMessage(message))) {
      int count;
      while ((count = plain.read(piece)) >= 0) {
        if (count > limit - sink.size()) {
          return null;
        }
        sink.write(piece, 0, count);
      }
    }
    return Pieces.of(sink.bytes());
  }

  /** What a marshaller writes. As {@link java.io.ByteArrayOutputStream}, but for one thread. */
  private static final class Sink extends OutputStream {
    private byte[] bytes;
    private int count;

    private Sink(int size) {
      bytes = LargeArrays.take(size);
    }

    @Override
    public void write(int b) {
      makeRoom(1);
      bytes[count++] = (byte) b;
    }

    @Override
    public void write(byte[] from, int offset, int length) {
      makeRoom(length);
      System.arraycopy(from, offset, bytes, count, length);
      count += length;
    }

    private void makeRoom(int more) {
      if (more > bytes.length - count) {
        long doubled = Math.min(2L * bytes.length, MOST_BYTES);
        bytes = Arrays.copyOf(bytes, (int) Math.max(Math.addExact(count, more), doubled));
      }
    }

    private int size() {
      return count;
    }

    private ByteBuffer bytes() {
      return ByteBuffer.wrap(bytes, 0, count);
    }
  }
}
