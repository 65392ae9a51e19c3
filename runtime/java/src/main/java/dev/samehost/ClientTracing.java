package dev.samehost;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import java.util.ArrayList;
import java.util.List;

/** Tells the tracers of a client's call, which its options bring. A call is one attempt. */
final class ClientTracing extends Tracing<ClientStreamTracer> {
  private ClientTracing(List<ClientStreamTracer> tracers) {
    super(tracers);
  }

  /** The tracers that the options ask for, which may add to the metadata; null without any. */
  static ClientTracing of(CallOptions options, Metadata headers) {
    List<ClientStreamTracer.Factory> factories = options.getStreamTracerFactories();
    if (factories.isEmpty()) {
      return null;
    }
    ClientStreamTracer.StreamInfo info =
        ClientStreamTracer.StreamInfo.newBuilder().setCallOptions(options).build();
    List<ClientStreamTracer> tracers = new ArrayList<>(factories.size());
    for (ClientStreamTracer.Factory factory : factories) {
      tracers.add(factory.newClientStreamTracer(info, headers));
    }
    return new ClientTracing(tracers);
  }

  /** The metadata is complete but for what tracers add. */
  void created(Attributes attributes, Metadata headers) {
    for (ClientStreamTracer tracer : tracers) {
      tracer.streamCreated(attributes, headers);
    }
  }

  /** The metadata was handed over, to leave with the first frame. */
  void outboundHeaders() {
    for (ClientStreamTracer tracer : tracers) {
      tracer.outboundHeaders();
    }
  }

  void inboundHeaders(Metadata headers) {
    for (ClientStreamTracer tracer : tracers) {
      tracer.inboundHeaders(headers);
    }
  }

  void inboundTrailers(Metadata trailers) {
    for (ClientStreamTracer tracer : tracers) {
      tracer.inboundTrailers(trailers);
    }
  }
}
