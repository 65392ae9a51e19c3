package dev.samehost;

import io.grpc.BindableService;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;

/** Lets the handlers of tests know the channel back to their caller. */
final class Callers implements ServerInterceptor {
  private static final Context.Key<Channel> CALLER = Context.key("caller");

  private Callers() {}

  /** A service whose handlers may ask for {@link #caller}. */
  static ServerServiceDefinition known(BindableService service) {
    return ServerInterceptors.intercept(service, new Callers());
  }

  /** The channel to whoever has made the call that is being served. */
  static Channel caller() {
    return CALLER.get();
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Channel caller = call.getAttributes().get(SamehostAttributes.CALLER);
    return Contexts.interceptCall(Context.current().withValue(CALLER, caller), call, headers, next);
  }
}
