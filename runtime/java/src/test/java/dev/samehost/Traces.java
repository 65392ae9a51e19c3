package dev.samehost;

import io.grpc.Attributes;
import io.grpc.ClientStreamTracer;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Writes down what stream tracers are told of the calls of one side. */
final class Traces {
  /** What the filter of a server's tracer puts into the context. */
  static final Context.Key<String> MARK = Context.key("mark");

  final List<String> events = new CopyOnWriteArrayList<>();
  final List<Long> wireSizes = new CopyOnWriteArrayList<>();
  final List<Long> plainSizes = new CopyOnWriteArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  void awaitClosed() throws InterruptedException {
    if (!closed.await(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("the tracer was not told of the end: " + events);
    }
  }

  private void sized(long wire, long plain) {
    wireSizes.add(wire);
    plainSizes.add(plain);
  }

  private void closed(Status status) {
    events.add("closed " + status.getCode());
    closed.countDown();
  }

  ClientStreamTracer.Factory client() {
    return new ClientStreamTracer.Factory() {
      @Override
      public ClientStreamTracer newClientStreamTracer(
          ClientStreamTracer.StreamInfo info, Metadata headers) {
        events.add("made");
        return new ClientStreamTracer() {
          @Override
          public void streamCreated(Attributes attributes, Metadata headers) {
            events.add("created");
            headers.put(
                Metadata.Key.of("traced", Metadata.ASCII_STRING_MARSHALLER), "by the client");
          }

          @Override
          public void outboundHeaders() {
            events.add("headers out");
          }

          @Override
          public void outboundMessage(int number) {
            events.add("message out " + number);
          }

          @Override
          public void outboundMessageSent(int number, long wire, long plain) {
            events.add("message sent " + number);
            sized(wire, plain);
          }

          @Override
          public void inboundHeaders(Metadata headers) {
            events.add("headers in");
          }

          @Override
          public void inboundMessage(int number) {
            events.add("message in " + number);
          }

          @Override
          public void inboundMessageRead(int number, long wire, long plain) {
            events.add("message read " + number);
            sized(wire, plain);
          }

          @Override
          public void inboundTrailers(Metadata trailers) {
            events.add("trailers in");
          }

          @Override
          public void streamClosed(Status status) {
            closed(status);
          }
        };
      }
    };
  }

  ServerStreamTracer.Factory server() {
    return new ServerStreamTracer.Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        String by = headers.get(Metadata.Key.of("traced", Metadata.ASCII_STRING_MARSHALLER));
        events.add("made for " + method + (by == null ? "" : " traced " + by));
        return new ServerStreamTracer() {
          @Override
          public Context filterContext(Context context) {
            events.add("context");
            return context.withValue(MARK, "filtered");
          }

          @Override
          public void serverCallStarted(ServerCallInfo<?, ?> info) {
            events.add("started " + info.getMethodDescriptor().getFullMethodName());
          }

          @Override
          public void inboundMessage(int number) {
            events.add("message in " + number);
          }

          @Override
          public void inboundMessageRead(int number, long wire, long plain) {
            events.add("message read " + number);
            sized(wire, plain);
          }

          @Override
          public void outboundMessage(int number) {
            events.add("message out " + number);
          }

          @Override
          public void outboundMessageSent(int number, long wire, long plain) {
            events.add("message sent " + number);
            sized(wire, plain);
          }

          @Override
          public void streamClosed(Status status) {
            closed(status);
          }
        };
      }
    };
  }
}
