package dev.samehost.benchmarks;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.samehost.benchmarks.proto.Payload;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Ping-pong of the same bytes behind their length, with or without protobuf at both ends; of the
 * cases only one call at a time.
 */
final class RawEcho implements Echo {
  private static final int LARGEST = (1 << 20) + 64;

  private final boolean protobuf;
  private final Pipe pipe;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(LARGEST);

  RawEcho(String system, Pipe pipe) {
    this.protobuf = system.endsWith("-protobuf");
    this.pipe = pipe;
  }

  /** Sends back all that comes, until the client has gone. */
  static void serve(String system, Pipe pipe) throws IOException {
    RawEcho echo = new RawEcho(system, pipe);
    try {
      while (true) {
        echo.receive();
        if (echo.protobuf) {
          echo.put(Payload.parseFrom(echo.buffer));
        }
        echo.send();
      }
    } catch (EOFException end) {
      // The client has done what it came for.
    }
  }

  @Override
  public void unary(int size) throws IOException {
    buffer.clear().position(Integer.BYTES);
    if (protobuf) {
      put(Payload.newBuilder().setBody(ByteString.copyFrom(Bodies.of(size))).build());
    } else {
      buffer.put(Bodies.of(size)).flip().position(Integer.BYTES);
    }
    send();
    receive();
    int answered = protobuf ? Payload.parseFrom(buffer).getBody().size() : buffer.remaining();
    if (answered != size) {
      throw new IllegalStateException("an answer of " + answered + " bytes instead of " + size);
    }
  }

  private void put(Payload payload) throws IOException {
    buffer.clear().position(Integer.BYTES);
    CodedOutputStream out = CodedOutputStream.newInstance(buffer);
    payload.writeTo(out);
    out.flush();
    buffer.flip().position(Integer.BYTES);
  }

  /** Sends what stands behind the place of the length. */
  private void send() throws IOException {
    buffer.putInt(0, buffer.remaining()).position(0);
    pipe.write(buffer);
  }

  /** Receives a message, and leaves it in the buffer behind its length. */
  private void receive() throws IOException {
    buffer.clear();
    do {
      pipe.read(buffer);
    } while (buffer.position() < Integer.BYTES
        || buffer.position() < Integer.BYTES + buffer.getInt(0));
    buffer.flip().position(Integer.BYTES);
  }

  @Override
  public void start(int size, Done done) {
    throw new UnsupportedOperationException("raw has one call at a time");
  }

  @Override
  public void stream(int size, int messages, Runnable arrival) {
    throw new UnsupportedOperationException("raw has no streams");
  }
}
