package dev.samehost;

import com.google.protobuf.AbstractParser;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import dev.samehost.connection.Pieces;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.protobuf.lite.ProtoLiteUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.function.Supplier;

/** Large messages whose marshallers have no descriptors: for a class loader of their own. */
final class LeanMessages {
  private LeanMessages() {}

  private static <T> T parsed(Marshaller<T> marshaller) {
    return Messages.parse(marshaller, new ReceivedMessage(Pieces.of(ByteBuffer.wrap(message()))));
  }

  /** One field of type {@code bytes}. */
  private static byte[] message() {
    byte[] bytes = new byte[100_004];
    System.arraycopy(new byte[] {0x12, (byte) 0xA0, (byte) 0x8D, 0x06}, 0, bytes, 0, 4);
    return bytes;
  }

  /** The size of a message of no protobuf at all. */
  public static final class OfNobody implements Supplier<Integer> {
    @Override
    public Integer get() {
      return parsed(
          new Marshaller<Integer>() {
            @Override
            public InputStream stream(Integer size) {
              return new ByteArrayInputStream(new byte[size]);
            }

            @Override
            public Integer parse(InputStream stream) {
              try {
                return stream.readAllBytes().length;
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            }
          });
    }
  }

  /** How many bytes gRPC's marshaller gave the parser of a message of protobuf's lite runtime. */
  public static final class OfLite implements Supplier<Integer> {
    private int parsed;

    @Override
    public Integer get() {
      Parser<MessageLite> parser =
          new AbstractParser<>() {
            @Override
            public MessageLite parsePartialFrom(CodedInputStream in, ExtensionRegistryLite registry)
                throws InvalidProtocolBufferException {
              try {
                int tag = in.readTag();
                while (tag != 0 && in.skipField(tag)) {
                  tag = in.readTag();
                }
              } catch (IOException e) {
                throw new InvalidProtocolBufferException(e);
              }
              parsed += in.getTotalBytesRead();
              return message(this);
            }
          };
      return parsed(ProtoLiteUtils.marshaller(message(parser))) == null ? 0 : parsed;
    }

    private static MessageLite message(Parser<MessageLite> parser) {
      return (MessageLite)
          Proxy.newProxyInstance(
              MessageLite.class.getClassLoader(),
              new Class<?>[] {MessageLite.class},
              (proxy, method, arguments) ->
                  method.getName().equals("isInitialized") ? (Object) true : parser);
    }
  }
}
