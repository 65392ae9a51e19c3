package dev.samehost;

import dev.samehost.call.Pace;
import dev.samehost.call.Route;
import dev.samehost.call.Workers;
import dev.samehost.wire.FrameWriter;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/**
 * What the calls of a channel share: their way to a connection, and the options of whoever made the
 * channel.
 *
 * @param route the way to a connection
 * @param options what all calls are made by
 * @param isSecret whether they go by TLS
 */
record Calling(Route route, Options options, boolean isSecret) {
  /**
   * What calls are made by, over whichever connection.
   *
   * @param executor where listeners are called of whom nobody has said where
   * @param authority what channels say; no server sees it
   * @param userAgent what calls say of themselves, or null
   * @param maxInboundMessageSize the largest message that is taken, decompressed
   */
  record Options(
      Executor executor,
      String authority,
      String userAgent,
      Encodings encodings,
      int maxInboundMessageSize,
      Methods methods) {}

  /**
   * What is known of a method.
   *
   * @param method itself
   * @param path as it travels
   * @param canTravel whether it can at all
   * @param pace of those who listen to its answers
   */
  record Known(MethodDescriptor<?, ?> method, String path, boolean canTravel, Pace pace) {}

  /** The methods that were called. */
  static final class Methods {
    private static final int MOST = 1_024;

    private final Map<MethodDescriptor<?, ?>, Known> methods = new ConcurrentHashMap<>();

    /** That of the last call, which is mostly that of the next one too. */
    private Known last;

    /** Of a method, made once: who makes descriptors without end has it made each time. */
    Known known(MethodDescriptor<?, ?> method) {
      Known known = last; // whichever thread has written it, its fields are final
      if (known == null || known.method() != method) {
        known = lookUp(method);
        last = known;
      }
      return known;
    }

    private Known lookUp(MethodDescriptor<?, ?> method) {
      Known known = methods.get(method);
      if (known == null) {
        String path = "/" + method.getFullMethodName();
        known = new Known(method, path, FrameWriter.isPath(path), new Pace());
        if (methods.size() < MOST) {
          methods.put(method, known);
        }
      }
      return known;
    }
  }

  <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions call) {
    Executor given = call.getExecutor();
    Executor callbacks = given != null ? given : options.executor();
    return new ChannelCall<>(this, method, call, callbacks);
  }

  Known known(MethodDescriptor<?, ?> method) {
    return options.methods().known(method);
  }

  String address() {
    return route.address();
  }

  SecurityLevel security() {
    return PeerAddress.security(address(), isSecret);
  }

  Encodings encodings() {
    return options.encodings();
  }

  /** Where listeners are called of whom nobody has said where; null where the user has. */
  Executor ownExecutor() {
    Executor executor = options.executor();
    return executor == Workers.pool() ? executor : null;
  }
}
