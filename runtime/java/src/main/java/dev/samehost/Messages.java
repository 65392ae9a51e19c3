package dev.samehost;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/** Moves messages between gRPC's marshallers and bytes. */
final class Messages {
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
