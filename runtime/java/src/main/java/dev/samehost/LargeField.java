package dev.samehost;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.UnsafeByteOperations;
import dev.samehost.connection.Pieces;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A field of type {@code bytes} that most of a large message consists of, an image or a tensor.
 * gRPC's marshaller copies a message to memory of its own and the field from there to where the
 * message keeps it; here the field is copied at once to memory that the message keeps.
 *
 * <p>It makes the message that the marshaller would make, and fails with nothing: what it is not
 * sure of is the marshaller's. All but the field is parsed by the marshaller itself, and so by its
 * limit of recursion and its registry of extensions, which cannot be seen from outside; and since
 * protobuf defines that to parse two halves one after the other is to merge them, the field is
 * merged into that. Where the order of the fields counts, or the marshaller looks whether the field
 * is there, it stays away: if the field is required, repeated, there twice, or one of a oneof of
 * which another is there.
 *
 * <p>This class alone knows protobuf, which is the application's, and may not be there: nobody may
 * touch it who has not seen a marshaller of protobuf's.
 */
final class LargeField {
  /** As many other fields are looked at: to look at each of thousands costs more than a copy. */
  private static final int MOST_OTHERS = 32;

  /** How protobuf writes a field of type {@code bytes}. */
  private static final int LENGTH_DELIMITED = 2;

  private final int start; // of its tag
  private final int end;

  private LargeField(int start, int end) {
    this.start = start;
    this.end = end;
  }

  /**
   * Whether it can be used.
   *
   * @throws NoClassDefFoundError when the application's protobuf has no descriptors
   */
  static boolean isPossible() {
    return Message.class.isInterface();
  }

  /** The message, or null when it is the marshaller's to parse, from the stream's beginning. */
  static <T> T parse(PrototypeMarshaller<T> marshaller, ReceivedMessage stream) {
    if (!(marshaller.getMessagePrototype() instanceof Message prototype)) {
      return null;
    }
    try {
      int size = stream.available();
      LargeField field = find(prototype.getDescriptorForType(), stream, size);
      if (field == null) {
        return null;
      }
      stream.reset();
      byte[] others = new byte[size - (field.end - field.start)];
      byte[] own = new byte[field.end - field.start];
      stream.readNBytes(others, 0, field.start);
      stream.readNBytes(own, 0, own.length);
      stream.readNBytes(others, field.start, size - field.end);
      return merged(marshaller, others, own);
    } catch (IOException | RuntimeException e) {
      return null; // the marshaller says it in its own words
    }
  }

  @SuppressWarnings("unchecked") // a builder of a T builds a T
  private static <T> T merged(PrototypeMarshaller<T> marshaller, byte[] others, byte[] own)
      throws IOException {
    T most = marshaller.parse(new ReceivedMessage(Pieces.of(ByteBuffer.wrap(others))));
    CodedInputStream in = UnsafeByteOperations.unsafeWrap(own).newCodedInput();
    in.enableAliasing(true); // nobody else has the array
    return (T) ((Message) most).toBuilder().mergeFrom(in).build();
  }

  private static LargeField find(Descriptor type, ReceivedMessage stream, int size)
      throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(stream);
    in.setSizeLimit(Integer.MAX_VALUE);
    FieldDescriptor large = null;
    LargeField found = null;
    int[] others = new int[MOST_OTHERS];
    int count = 0;
    int start = 0;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (!in.skipField(tag)) {
        return null;
      }
      int number = tag >>> 3;
      int end = in.getTotalBytesRead();
      if (end - start > size / 2 && hasLength(tag)) {
        large = type.findFieldByNumber(number);
        found = new LargeField(start, end);
      } else if (count == MOST_OTHERS) {
        return null;
      } else {
        others[count++] = number;
      }
      start = end;
    }
    if (large == null || !mayComeLast(large)) {
      return null;
    }
    for (int i = 0; i < count; i++) {
      if (displaces(type.findFieldByNumber(others[i]), large)) {
        return null;
      }
    }
    return found;
  }

  private static boolean hasLength(int tag) {
    return (tag & 7) == LENGTH_DELIMITED;
  }

  private static boolean mayComeLast(FieldDescriptor field) {
    return field.getType() == FieldDescriptor.Type.BYTES
        && !field.isRepeated()
        && !field.isRequired();
  }

  /** Whether of two fields the one that comes later is the one that counts. */
  private static boolean displaces(FieldDescriptor other, FieldDescriptor field) {
    return other != null
        && (other == field
            || (field.getContainingOneof() != null
                && other.getContainingOneof() == field.getContainingOneof()));
  }
}
