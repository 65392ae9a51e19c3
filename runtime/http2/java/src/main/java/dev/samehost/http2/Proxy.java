package dev.samehost.http2;

import dev.samehost.OverLink;
import dev.samehost.bridge.Gzip;
import dev.samehost.bridge.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;

/**
 * Hands the calls of any method that a server gets on to a channel. It knows nothing of the two
 * wires but what in a call's metadata is theirs.
 */
final class Proxy extends HandlerRegistry {
  private static final Metadata.Key<String> ENCODING = key("grpc-encoding");
  private static final Metadata.Key<String> ACCEPTED = key("grpc-accept-encoding");

  /** What both wires say in their own way, and would say twice. */
  private static final Metadata.Key<?>[] OF_THE_WIRE = {
    ENCODING, ACCEPTED, key("grpc-timeout"), key("content-type"), key("te")
  };

  /** More methods than this are made anew for each call. */
  private static final int MOST_METHODS = 1_024;

  private final Channel channel;
  private final Message.Marshaller requests;
  private final Message.Marshaller responses;
  private final BiPredicate<ServerCall<?, ?>, Metadata> takesGzip;
  private final Unpacking unpacking;
  private final UnaryOperator<Status> ending;
  private final Map<String, ServerMethodDefinition<?, ?>> methods = new ConcurrentHashMap<>();

  private Proxy(
      Channel channel,
      Message.Marshaller requests,
      Message.Marshaller responses,
      BiPredicate<ServerCall<?, ?>, Metadata> takesGzip,
      Unpacking unpacking,
      UnaryOperator<Status> ending) {
    this.unpacking = unpacking;
    this.ending = ending;
    this.channel = channel;
    this.requests = requests;
    this.responses = responses;
    this.takesGzip = takesGzip;
  }

  /**
   * From HTTP/2 to our wire.
   *
   * @param maxMessageBytes the largest message that the server takes
   */
  static Proxy toLink(Channel channel, int maxMessageBytes) {
    return new Proxy(
        channel,
        Message.Marshaller.OF_HTTP2,
        Message.Marshaller.OF_LINK,
        (from, headers) -> names(headers.get(ACCEPTED), Gzip.NAME),
        new Unpacking(Message.mostOfAnswers(maxMessageBytes), "server"),
        UnaryOperator.identity());
  }

  /**
   * From our wire to HTTP/2.
   *
   * @param maxMessageBytes the largest message that the callers take
   */
  static Proxy toHttp2(Channel channel, String address, int maxMessageBytes) {
    return new Proxy(
        channel,
        Message.Marshaller.OF_LINK,
        Message.Marshaller.OF_HTTP2,
        (from, headers) -> OverLink.accepts(from, Gzip.NAME),
        new Unpacking(maxMessageBytes, "client"),
        status -> Endings.told(status, address));
  }

  @Override
  public ServerMethodDefinition<?, ?> lookupMethod(String name, String authority) {
    ServerMethodDefinition<?, ?> known = methods.get(name);
    if (known == null) {
      known = method(name);
      if (methods.size() < MOST_METHODS) {
        methods.put(name, known);
      }
    }
    return known;
  }

  private ServerMethodDefinition<Message, Message> method(String name) {
    MethodDescriptor<Message, Message> method =
        MethodDescriptor.newBuilder(requests, responses)
            .setType(MethodType.UNKNOWN)
            .setFullMethodName(name)
            .build();
    return ServerMethodDefinition.create(method, this::begin);
  }

  private ServerCall.Listener<Message> begin(ServerCall<Message, Message> from, Metadata headers) {
    CallOptions options = CallOptions.DEFAULT;
    if (namesGzip(headers)) {
      options = options.withCompression(Gzip.NAME);
    }
    ProxiedCall call =
        new ProxiedCall(
            from,
            channel.newCall(from.getMethodDescriptor(), options),
            takesGzip.test(from, headers),
            unpacking,
            ending);
    strip(headers);
    call.begin(headers);
    return call;
  }

  /**
   * How far a response is unpacked for who does not take it compressed.
   *
   * @param most how many bytes it may have
   * @param side whose limit that is
   */
  record Unpacking(int most, String side) {}

  private static boolean names(String list, String name) {
    if (list == null) {
      return false;
    }
    for (String one : list.split(",", -1)) {
      if (one.trim().equals(name)) {
        return true;
      }
    }
    return false;
  }

  /** Whether messages that follow these headers may be compressed. */
  static boolean namesGzip(Metadata headers) {
    return Gzip.NAME.equals(headers.get(ENCODING));
  }

  /** Leaves what the application has said. */
  static void strip(Metadata metadata) {
    for (Metadata.Key<?> key : OF_THE_WIRE) {
      metadata.discardAll(key);
    }
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
