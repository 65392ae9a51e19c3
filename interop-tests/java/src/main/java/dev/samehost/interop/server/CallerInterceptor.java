package dev.samehost.interop.server;

import dev.samehost.SamehostAttributes;
import dev.samehost.transport.Peer;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/** Hands the handler what an interceptor sees of who calls. */
final class CallerInterceptor implements ServerInterceptor {
  /** Who calls, as the transport vouches for it. */
  static final Context.Key<Peer> CALLER = Context.key("caller");

  @Override
  public <Q, P> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, P> call, Metadata headers, ServerCallHandler<Q, P> next) {
    Peer caller = call.getAttributes().get(SamehostAttributes.PEER);
    return Contexts.interceptCall(Context.current().withValue(CALLER, caller), call, headers, next);
  }
}
