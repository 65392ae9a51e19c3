package dev.samehost;

import io.grpc.Compressor;
import io.grpc.Decompressor;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/** Moves messages between gRPC's marshallers and codecs, and bytes. */
final class Messages {
  private static final int PIECE_BYTES = 8 << 10;

  private Messages() {}

  /** All the bytes of a message that a marshaller gave. Closes the stream. */
  static ByteBuffer bytes(InputStream message) {
    try (message) {
      if (message instanceof Drainable drainable) {
        Sink sink = new Sink(message instanceof KnownLength ? message.available() : 32);
        drainable.drainTo(sink);
        return sink.bytes();
      }
      return ByteBuffer.wrap(message.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException("the message cannot be serialised", e);
    }
  }

  /** The bytes as a marshaller wants them. */
  static InputStream stream(ByteBuffer bytes) {
    return new Source(bytes);
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
  static ByteBuffer decompressed(ByteBuffer message, Decompressor decompressor, int limit)
      throws IOException {
    byte[] piece = new byte[PIECE_BYTES];
    Sink sink = new Sink(Math.min(limit, 2 * PIECE_BYTES));
    try (InputStream plain = decompressor.decompress(stream(message))) {
      int count;
      while ((count = plain.read(piece)) >= 0) {
        if (count > limit - sink.size()) {
          return null;
        }
        sink.write(piece, 0, count);
      }
    }
    return sink.bytes();
  }

  private static final class Sink extends ByteArrayOutputStream {
    private Sink(int size) {
      super(size);
    }

    private ByteBuffer bytes() {
      return ByteBuffer.wrap(buf, 0, count);
    }
  }

  private static final class Source extends ByteArrayInputStream implements KnownLength {
    private Source(ByteBuffer bytes) {
      super(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
    }
  }
}
