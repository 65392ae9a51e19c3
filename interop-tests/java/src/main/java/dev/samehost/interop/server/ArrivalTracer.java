package dev.samehost.interop.server;

import dev.samehost.interop.Arrivals;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;

/** Notes how the messages of a request arrive, for the handler, by the context of the call. */
final class ArrivalTracer extends ServerStreamTracer {
  private static final Context.Key<Arrivals> KEY = Context.key("interop-arrivals");

  private final Arrivals arrivals = new Arrivals();

  /** A tracer for each call. */
  static final class Factory extends ServerStreamTracer.Factory {
    @Override
    public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
      return new ArrivalTracer();
    }
  }

  /** How the messages of the current call have arrived. */
  static Arrivals arrivals() {
    return KEY.get();
  }

  @Override
  public Context filterContext(Context context) {
    return context.withValue(KEY, arrivals);
  }

  @Override
  public void inboundMessageRead(int number, long wireBytes, long plainBytes) {
    arrivals.add(wireBytes, plainBytes);
  }
}
