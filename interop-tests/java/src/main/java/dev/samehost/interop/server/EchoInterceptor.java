package dev.samehost.interop.server;

import dev.samehost.interop.Keys;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/** Sends the metadata back that a client wants to see again: in the headers, in the trailers. */
final class EchoInterceptor implements ServerInterceptor {
  @Override
  public <Q, P> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, P> call, Metadata headers, ServerCallHandler<Q, P> next) {
    Iterable<String> initial = headers.getAll(Keys.ECHO_INITIAL);
    Iterable<byte[]> trailing = headers.getAll(Keys.ECHO_TRAILING);
    if (initial == null && trailing == null) {
      return next.startCall(call, headers);
    }
    ServerCall<Q, P> echoing =
        new SimpleForwardingServerCall<>(call) {
          @Override
          public void sendHeaders(Metadata responseHeaders) {
            if (initial != null) {
              initial.forEach(value -> responseHeaders.put(Keys.ECHO_INITIAL, value));
            }
            super.sendHeaders(responseHeaders);
          }

          @Override
          public void close(Status status, Metadata trailers) {
            if (trailing != null) {
              trailing.forEach(value -> trailers.put(Keys.ECHO_TRAILING, value));
            }
            super.close(status, trailers);
          }
        };
    return next.startCall(echoing, headers);
  }
}
