package dev.samehost.interop.server;

import dev.samehost.SamehostAttributes;
import dev.samehost.transport.Peer;
import io.grpc.Attributes;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/** Hands the handler what an interceptor sees of who calls, and the channel to call back. */
final class CallerInterceptor implements ServerInterceptor {
  /** Who calls, as the transport vouches for it. */
  static final Context.Key<Peer> CALLER = Context.key("caller");

  /** The channel back to who calls. */
  static final Context.Key<Channel> BACK = Context.key("back");

  @Override
  public <Q, P> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, P> call, Metadata headers, ServerCallHandler<Q, P> next) {
    Attributes attributes = call.getAttributes();
    Context context =
        Context.current()
            .withValue(CALLER, attributes.get(SamehostAttributes.PEER))
            .withValue(BACK, attributes.get(SamehostAttributes.CALLER));
    return Contexts.interceptCall(context, call, headers, next);
  }
}
