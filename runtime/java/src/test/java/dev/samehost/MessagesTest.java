package dev.samehost;

import static com.google.common.truth.Truth.assertThat;

import com.google.protobuf.ByteString;
import dev.samehost.connection.Pieces;
import dev.samehost.test.Shape;
import io.grpc.Drainable;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.protobuf.ProtoUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Messages between marshallers and bytes. */
final class MessagesTest {
  private static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) (i * 31);
    }
    return bytes;
  }

  private static byte[] array(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  /** A marshaller's message that says nothing of its length. */
  private static final class Drained extends InputStream implements Drainable {
    private final byte[] bytes;

    private Drained(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int half = bytes.length / 2;
      for (int i = 0; i < half; i++) {
        target.write(bytes[i]);
      }
      target.write(bytes, half, bytes.length - half);
      return bytes.length;
    }

    @Override
    public int read() {
      throw new AssertionError("it is drained");
    }

    @Override
    public int read(byte[] to, int offset, int length) {
      throw new AssertionError("it is drained");
    }
  }

  @Test
  void aMessageWhoseLengthNobodySaysIsTakenWhole() {
    for (int size : new int[] {0, 1, 31, 32, 33, 64, 5_000}) {
      byte[] message = bytes(size);
      assertThat(array(Messages.bytes(new Drained(message)))).isEqualTo(message);
      assertThat(array(Messages.bytes(new ByteArrayInputStream(message)))).isEqualTo(message);
    }
  }

  private static final Marshaller<Shape> SHAPES = ProtoUtils.marshaller(Shape.getDefaultInstance());

  @Test
  void protobufsMessageIsKnownByTheNameOfItsClass() {
    String name = SHAPES.stream(Shape.getDefaultInstance()).getClass().getName();
    assertThat(name).isEqualTo(Messages.PROTOBUF_STREAM);
  }

  @Test
  void protobufsMessageIsTakenWhole() throws IOException {
    for (int size : new int[] {0, 1, 64, 5_000, 200_000}) {
      Shape shape = Shape.newBuilder().setData(ByteString.copyFrom(bytes(size))).build();
      byte[] message = shape.toByteArray();
      assertThat(array(Messages.bytes(SHAPES.stream(shape)))).isEqualTo(message);
      InputStream begun = SHAPES.stream(shape);
      int some = begun.readNBytes(2).length;
      assertThat(array(Messages.bytes(begun)))
          .isEqualTo(Arrays.copyOfRange(message, some, message.length));
    }
  }

  @Test
  void aMarshallerReadsTheMessageAndNothingAroundIt() throws IOException {
    byte[] around = bytes(100);
    InputStream stream =
        new ReceivedMessage(Pieces.of(ByteBuffer.wrap(around, 10, 80).slice().limit(70)));
    assertThat(stream.available()).isEqualTo(70);
    assertThat(stream.read()).isEqualTo(around[10] & 0xFF);
    stream.reset(); // to the beginning, before there is a mark
    assertThat(stream.read()).isEqualTo(around[10] & 0xFF);
    stream.mark(0);
    byte[] rest = new byte[200];
    assertThat(stream.read(rest, 3, 0)).isEqualTo(0);
    assertThat(stream.read(rest, 3, 20)).isEqualTo(20);
    assertThat(stream.skip(9)).isEqualTo(9);
    assertThat(stream.read(rest, 23, 177)).isEqualTo(40);
    assertThat(stream.read()).isEqualTo(-1);
    assertThat(stream.read(rest, 0, 1)).isEqualTo(-1);
    assertThat(stream.skip(1)).isEqualTo(0);
    assertThat(Arrays.copyOfRange(rest, 3, 23)).isEqualTo(Arrays.copyOfRange(around, 11, 31));
    assertThat(Arrays.copyOfRange(rest, 23, 63)).isEqualTo(Arrays.copyOfRange(around, 40, 80));
    stream.reset();
    assertThat(stream.readAllBytes()).isEqualTo(Arrays.copyOfRange(around, 11, 80));
  }
}
