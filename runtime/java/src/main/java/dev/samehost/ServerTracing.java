package dev.samehost;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerStreamTracer;
import java.util.ArrayList;
import java.util.List;

/** Tells the tracers of a call that is served, which the server's builder brings. */
final class ServerTracing extends Tracing<ServerStreamTracer> {
  private ServerTracing(List<ServerStreamTracer> tracers) {
    super(tracers);
  }

  /** A tracer by each factory, made before the method is looked up. */
  static ServerTracing of(
      List<ServerStreamTracer.Factory> factories, String method, Metadata headers) {
    List<ServerStreamTracer> tracers = new ArrayList<>(factories.size());
    for (ServerStreamTracer.Factory factory : factories) {
      tracers.add(factory.newServerStreamTracer(method, headers));
    }
    return new ServerTracing(tracers);
  }

  /** The context of the call, as tracers want it. */
  Context filter(Context context) {
    Context filtered = context;
    for (ServerStreamTracer tracer : tracers) {
      filtered = tracer.filterContext(filtered);
    }
    return filtered;
  }

  /** A handler is about to be called. */
  <Q, A> void started(MethodDescriptor<Q, A> method, Attributes attributes) {
    ServerStreamTracer.ServerCallInfo<Q, A> info =
        new ServerStreamTracer.ServerCallInfo<>() {
          @Override
          public MethodDescriptor<Q, A> getMethodDescriptor() {
            return method;
          }

          @Override
          public Attributes getAttributes() {
            return attributes;
          }

          @Override
          public String getAuthority() {
            return SamehostChannelBuilder.AUTHORITY;
          }
        };
    for (ServerStreamTracer tracer : tracers) {
      tracer.serverCallStarted(info);
    }
  }
}
