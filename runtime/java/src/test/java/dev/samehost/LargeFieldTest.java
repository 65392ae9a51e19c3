package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.ExtensionRegistry;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.samehost.connection.Pieces;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.test.Nothing;
import dev.samehost.test.Shape;
import dev.samehost.test.Shapes;
import dev.samehost.test.Signed;
import dev.samehost.wire.LargeArrays;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A large field is parsed as by gRPC's marshaller, which is given all that it could tell apart. */
final class LargeFieldTest {
  private static final int LARGE = 200_000;

  private static ByteString large(int seed) {
    byte[] bytes = new byte[LARGE];
    new Random(seed).nextBytes(bytes);
    return ByteString.copyFrom(bytes);
  }

  private static Shape.Builder shape() {
    return Shape.newBuilder().setName("a name").addNumbers(3).addNumbers(4).setData(large(1));
  }

  private static ReceivedMessage received(byte[] bytes) {
    return new ReceivedMessage(Pieces.of(ByteBuffer.wrap(bytes)));
  }

  private static byte[] joined(ByteString... parts) {
    return ByteString.copyFrom(Arrays.asList(parts)).toByteArray();
  }

  /** What it makes of the bytes: null where it leaves them to the marshaller. */
  private static <T extends Message> T byField(Marshaller<T> marshaller, byte[] bytes) {
    return LargeField.parse((PrototypeMarshaller<T>) marshaller, received(bytes));
  }

  private static <T extends Message> void assertParsed(Marshaller<T> marshaller, byte[] bytes) {
    T made = byField(marshaller, bytes);
    T expected = marshaller.parse(received(bytes));
    assertThat(made).isNotNull();
    assertThat(made.equals(expected)).isTrue();
    assertThat(made.getClass()).isEqualTo(expected.getClass());
    assertThat(made.hashCode()).isEqualTo(expected.hashCode());
    assertThat(made.toByteString().equals(expected.toByteString())).isTrue();
    assertThat(made.getUnknownFields()).isEqualTo(expected.getUnknownFields());
  }

  private static void assertLeft(Marshaller<? extends Message> marshaller, byte[] bytes) {
    assertThat(byField(marshaller, bytes)).isNull();
    assertThat(Messages.parse(marshaller, received(bytes)).toByteString())
        .isEqualTo(marshaller.parse(received(bytes)).toByteString());
  }

  private static final Marshaller<Shape> SHAPES = ProtoUtils.marshaller(Shape.getDefaultInstance());

  @Test
  void grpcsMarshallerIsKnownByTheNameOfItsClass() {
    String name = ProtoUtils.marshaller(Note.getDefaultInstance()).getClass().getName();
    assertThat(name).isEqualTo(Messages.PROTOBUF_MARSHALLER);
    assertThat(EchoGrpc.getUnaryMethod().getRequestMarshaller().getClass().getName())
        .isEqualTo(name);
  }

  @Test
  void theFieldIsTheMessages() {
    Marshaller<Note> marshaller = EchoGrpc.getUnaryMethod().getRequestMarshaller();
    assertParsed(marshaller, Note.newBuilder().setData(large(1)).build().toByteArray());
    assertParsed(
        marshaller,
        Note.newBuilder().setText("before").setData(large(2)).setCount(7).build().toByteArray());
  }

  @Test
  void whateverElseTheMessageHasIsThere() {
    Shape inner = Shape.newBuilder().setData(ByteString.copyFromUtf8("in")).setText("x").build();
    assertParsed(
        SHAPES,
        shape()
            .addParts(ByteString.copyFromUtf8("one"))
            .addParts(ByteString.copyFromUtf8("two"))
            .putCounts("a", 1)
            .putCounts("b", 2)
            .setInner(inner)
            .setThird("third")
            .build()
            .toByteArray());
    assertParsed(SHAPES, Shape.newBuilder().setSecond(large(3)).setName("n").build().toByteArray());
  }

  @Test
  void fieldsThatAreUnknownOrTwiceOrAfterItAreTakenAsTheyCome() {
    ByteString data = Shape.newBuilder().setData(large(1)).build().toByteString();
    ByteString one =
        Shape.newBuilder()
            .setName("1")
            .setInner(Shape.newBuilder().setName("i"))
            .addNumbers(1)
            .build()
            .toByteString();
    ByteString two =
        Shape.newBuilder()
            .setName("2")
            .setInner(Shape.newBuilder().setText("t"))
            .addNumbers(2)
            .build()
            .toByteString();
    ByteString unknown =
        ByteString.copyFrom(
            new byte[] {(byte) 0xA2, 1, 1, 42, (byte) 0xAB, 1, 8, 3, (byte) 0xAC, 1});
    assertParsed(SHAPES, joined(one, unknown, data, unknown, two));
    assertParsed(SHAPES, joined(data, two, one, unknown));
  }

  @Test
  void aMessageWithoutAClassOfItsOwnIsParsedToo() {
    assertParsed(
        ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(Shape.getDescriptor())),
        shape().build().toByteArray());
  }

  @Test
  void extensionsAreWhatTheRegistryOfTheMarshallerMakesOfThem() {
    byte[] bytes =
        shape().setExtension(Shapes.seal, ByteString.copyFromUtf8("s")).build().toByteArray();
    assertParsed(SHAPES, bytes);
    ExtensionRegistry registry = ExtensionRegistry.newInstance();
    registry.add(Shapes.seal);
    ProtoUtils.setExtensionRegistry(registry);
    try {
      assertParsed(SHAPES, bytes);
      assertThat(byField(SHAPES, bytes).hasExtension(Shapes.seal)).isTrue();
    } finally {
      ProtoUtils.setExtensionRegistry(ExtensionRegistry.getEmptyRegistry());
    }
    assertThat(byField(SHAPES, bytes).hasExtension(Shapes.seal)).isFalse();
  }

  @Test
  void whereTheOrderOfFieldsCountsTheMarshallerParses() {
    ByteString data = Shape.newBuilder().setData(large(1)).build().toByteString();
    ByteString small =
        Shape.newBuilder().setData(ByteString.copyFromUtf8("s")).build().toByteString();
    assertLeft(SHAPES, joined(small, data));
    assertLeft(SHAPES, joined(data, small));
    ByteString first = Shape.newBuilder().setFirst(large(1)).build().toByteString();
    assertLeft(SHAPES, joined(first, Shape.newBuilder().setThird("t").build().toByteString()));
    assertLeft(SHAPES, joined(Shape.newBuilder().setThird("t").build().toByteString(), first));
    assertLeft(SHAPES, Shape.newBuilder().addParts(large(1)).build().toByteArray());
  }

  @Test
  void whatIsNoLargeFieldOfBytesIsTheMarshallers() {
    assertLeft(SHAPES, Shape.newBuilder().setText("t".repeat(LARGE)).build().toByteArray());
    assertLeft(SHAPES, Shape.newBuilder().setInner(shape()).build().toByteArray());
    assertLeft(
        SHAPES, Shape.newBuilder().setData(large(1)).setFirst(large(2)).build().toByteArray());
    Shape.Builder many = shape();
    for (int part = 0; part < 40; part++) {
      many.addParts(ByteString.copyFromUtf8("p"));
    }
    assertLeft(SHAPES, many.build().toByteArray());
    assertLeft(
        ProtoUtils.marshaller(Signed.getDefaultInstance()),
        Signed.newBuilder().setSignature(large(1)).build().toByteArray());
    assertLeft(ProtoUtils.marshaller(Nothing.getDefaultInstance()), shape().build().toByteArray());
  }

  @Test
  void theMarshallerSaysWhatIsWrongWithAMessage() {
    Marshaller<Signed> signed = ProtoUtils.marshaller(Signed.getDefaultInstance());
    byte[] whole = shape().build().toByteArray();
    List<byte[]> broken = new ArrayList<>();
    broken.add(Arrays.copyOf(whole, whole.length - 1));
    broken.add(joined(ByteString.copyFrom(whole), ByteString.copyFrom(new byte[1])));
    broken.add(joined(ByteString.copyFrom(whole), ByteString.copyFrom(new byte[] {0x0C})));
    broken.add(joined(ByteString.copyFrom(whole), ByteString.copyFrom(new byte[] {0x0A, 9, 1})));
    broken.add(joined(ByteString.copyFrom(whole), ByteString.copyFrom(new byte[] {0x2A, 1, 0x0F})));
    for (byte[] bytes : broken) {
      assertFailsAlike(SHAPES, bytes);
    }
    assertFailsAlike(signed, Signed.newBuilder().setData(large(1)).buildPartial().toByteArray());
  }

  private static void assertFailsAlike(Marshaller<?> marshaller, byte[] bytes) {
    StatusRuntimeException expected =
        assertThrows(StatusRuntimeException.class, () -> marshaller.parse(received(bytes)));
    StatusRuntimeException thrown =
        assertThrows(
            StatusRuntimeException.class, () -> Messages.parse(marshaller, received(bytes)));
    assertThat(thrown).hasMessageThat().isEqualTo(expected.getMessage());
    assertThat(thrown.getStatus().getCode()).isEqualTo(expected.getStatus().getCode());
    InvalidProtocolBufferException cause = (InvalidProtocolBufferException) thrown.getCause();
    assertThat(cause).hasMessageThat().isEqualTo(expected.getCause().getMessage());
    assertThat(cause.getUnfinishedMessage())
        .isEqualTo(((InvalidProtocolBufferException) expected.getCause()).getUnfinishedMessage());
  }

  @Test
  void aMarshallersLimitOfRecursionHolds() {
    Shape deep =
        Shape.newBuilder().setInner(Shape.newBuilder().setInner(shape().clearData())).build();
    byte[] bytes = deep.toBuilder().setData(large(1)).build().toByteArray();
    assertParsed(ProtoUtils.marshallerWithRecursionLimit(Shape.getDefaultInstance(), 2), bytes);
    assertFailsAlike(ProtoUtils.marshallerWithRecursionLimit(Shape.getDefaultInstance(), 1), bytes);
  }

  @Test
  void aRandomMessageIsParsedAsByTheMarshaller() {
    Random random = new Random(7);
    for (int round = 0; round < 300; round++) {
      List<ByteString> parts = new ArrayList<>();
      for (int part = random.nextInt(6); part >= 0; part--) {
        Shape.Builder some = Shape.newBuilder();
        switch (random.nextInt(8)) {
          case 0 -> some.setData(large(round));
          case 1 -> some.setFirst(large(round));
          case 2 -> some.setThird("third");
          case 3 -> some.setData(ByteString.copyFromUtf8("small"));
          case 4 -> some.setInner(Shape.newBuilder().addNumbers(round).putCounts("c", part));
          case 5 -> some.addParts(ByteString.copyFromUtf8("part")).setName("n" + part);
          case 6 -> some.setText("text");
          default -> some.setExtension(Shapes.seal, ByteString.copyFromUtf8("seal"));
        }
        parts.add(some.build().toByteString());
      }
      byte[] bytes = ByteString.copyFrom(parts).toByteArray();
      Shape expected = SHAPES.parse(received(bytes));
      assertThat(Messages.parse(SHAPES, received(bytes)).equals(expected)).isTrue();
    }
  }

  @Test
  void nobodyElseWritesIntoTheMemoryOfAMessage() {
    byte[] array = LargeArrays.take(LARGE);
    byte[] bytes = shape().build().toByteArray();
    System.arraycopy(bytes, 0, array, 0, bytes.length);
    Shape message;
    try (ReceivedMessage stream =
        new ReceivedMessage(Pieces.of(ByteBuffer.wrap(array, 0, bytes.length)))) {
      message = Messages.parse(SHAPES, stream);
    }
    byte[] again = LargeArrays.take(LARGE);
    assertThat(again).isSameInstanceAs(array);
    Arrays.fill(again, (byte) 0);
    assertParsed(SHAPES, shape().setData(large(2)).build().toByteArray());
    assertThat(message.equals(shape().build())).isTrue();
  }

  /** Somebody's own marshaller, who is asked for each message. */
  private static final class Counting implements PrototypeMarshaller<Shape> {
    private final List<Integer> sizes = new ArrayList<>();

    @Override
    public Shape parse(InputStream stream) {
      sizes.add(((ReceivedMessage) stream).available());
      return SHAPES.parse(stream);
    }

    @Override
    public InputStream stream(Shape value) {
      return SHAPES.stream(value);
    }

    @Override
    public Shape getMessagePrototype() {
      return Shape.getDefaultInstance();
    }

    @Override
    public Class<Shape> getMessageClass() {
      return Shape.class;
    }
  }

  @Test
  void aMarshallerThatIsNotGrpcsParsesTheWholeMessage() {
    Counting own = new Counting();
    Shape message = shape().build();
    assertThat(Messages.parse(own, received(message.toByteArray())).equals(message)).isTrue();
    assertThat(own.sizes).containsExactly(message.getSerializedSize());
  }
}
