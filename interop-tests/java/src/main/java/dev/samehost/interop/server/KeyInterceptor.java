package dev.samehost.interop.server;

import dev.samehost.interop.Keys;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/** Tells {@link KnownCalls} what becomes of every call that has a key. */
final class KeyInterceptor implements ServerInterceptor {
  /** The key of the call, for its handler; null without one. */
  static final Context.Key<String> KEY = Context.key("key");

  private final KnownCalls calls;

  KeyInterceptor(KnownCalls calls) {
    this.calls = calls;
  }

  @Override
  public <Q, P> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, P> call, Metadata headers, ServerCallHandler<Q, P> next) {
    String key = headers.get(Keys.TEST_KEY);
    if (key == null) {
      return next.startCall(call, headers);
    }
    ServerCall<Q, P> told =
        new SimpleForwardingServerCall<>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            calls.ended(key, status.getCode());
            super.close(status, trailers);
          }
        };
    calls.opened(key);
    Context context = Context.current().withValue(KEY, key);
    return new SimpleForwardingServerCallListener<>(
        Contexts.interceptCall(context, told, headers, next)) {
      @Override
      public void onCancel() {
        calls.cancelled(key);
        super.onCancel();
      }
    };
  }
}
