package dev.samehost.json;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import dev.samehost.bridge.Message;
import dev.samehost.transport.Fault;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** A unary method that is served, and its messages as JSON. */
final class Served {
  private final MethodDescriptor<Message, Message> method;
  private final com.google.protobuf.Message request; // either null if its type is not known
  private final com.google.protobuf.Message response;
  private final JsonFormat.Parser parser;
  private final JsonFormat.Printer printer;

  private Served(MethodDescriptor<?, ?> of) {
    method =
        MethodDescriptor.newBuilder(Message.Marshaller.OF_LINK, Message.Marshaller.OF_LINK)
            .setType(MethodType.UNARY)
            .setFullMethodName(of.getFullMethodName())
            .build();
    request = prototype(of.getRequestMarshaller());
    response = prototype(of.getResponseMarshaller());
    TypeRegistry.Builder types = TypeRegistry.newBuilder(); // of what may stand in an Any
    if (request != null && response != null) {
      types.add(request.getDescriptorForType()).add(response.getDescriptorForType());
    }
    TypeRegistry registry = types.build();
    parser = JsonFormat.parser().ignoringUnknownFields().usingTypeRegistry(registry);
    printer = JsonFormat.printer().omittingInsignificantWhitespace().usingTypeRegistry(registry);
  }

  /**
   * What is at a path.
   *
   * @param definition what the server has there, or null
   */
  static Served of(String path, Object definition) throws Refusal {
    if (definition == null) {
      throw Refusal.of(Fault.METHOD_UNKNOWN, path.substring(1));
    }
    MethodDescriptor<?, ?> of = ((ServerMethodDefinition<?, ?>) definition).getMethodDescriptor();
    if (of.getType() != MethodType.UNARY && of.getType() != MethodType.UNKNOWN) {
      throw streams(path);
    }
    return new Served(of);
  }

  private static Refusal streams(String path) {
    return unimplemented(
        path + " streams; over HTTP/1.1 there are unary methods alone. gRPC has all of them");
  }

  /** Why a call is refused that was found to stream. */
  Refusal streams() {
    return streams("/" + method.getFullMethodName());
  }

  private static Refusal unimplemented(String why) {
    return Refusal.of(Status.UNIMPLEMENTED.withDescription(why));
  }

  private static com.google.protobuf.Message prototype(Marshaller<?> marshaller) {
    return marshaller instanceof PrototypeMarshaller<?> typed
            && typed.getMessagePrototype() instanceof com.google.protobuf.Message message
        ? message
        : null;
  }

  /** The method for calls. */
  MethodDescriptor<Message, Message> method() {
    return method;
  }

  /** Refuses JSON where messages cannot be JSON. */
  void checkJson() throws Refusal {
    if (request == null || response == null) {
      throw unimplemented(
          method.getFullMethodName()
              + " does not say the types of its messages, as those of protobuf's full runtime do,"
              + " so they cannot be JSON; application/proto goes");
    }
  }

  byte[] fromJson(byte[] json) throws Refusal {
    com.google.protobuf.Message.Builder message = request.newBuilderForType();
    try {
      String text = text(json);
      parser.merge(text, message);
      checkEnd(text);
      return message.build().toByteArray();
    } catch (IOException e) {
      throw Refusal.invalid("the body is no JSON of " + name(request) + ": " + e.getMessage());
    } catch (RuntimeException
        | StackOverflowError e) { // fields without a value, and what it may be
      throw Refusal.invalid("the body is no JSON of " + name(request) + ": " + e);
    }
  }

  private static String text(byte[] json) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString();
  }

  /** Refuses what follows a message, over which the parser of messages passes. */
  private static void checkEnd(String text) throws IOException {
    JsonReader reader = new JsonReader(new StringReader(text));
    reader.setStrictness(Strictness.LEGACY_STRICT); // as that parser has it
    reader.skipValue();
    if (reader.peek() != JsonToken.END_DOCUMENT) {
      throw new MalformedJsonException("there is more than one message");
    }
  }

  byte[] toJson(byte[] message) throws Refusal {
    try {
      String json = printer.print(response.getParserForType().parseFrom(message));
      return json.getBytes(StandardCharsets.UTF_8);
    } catch (InvalidProtocolBufferException e) {
      throw Refusal.of(
          Status.INTERNAL.withDescription(
              "the response cannot be JSON of " + name(response) + ": " + e.getMessage()));
    }
  }

  private static String name(com.google.protobuf.Message message) {
    return message.getDescriptorForType().getFullName();
  }
}
