package dev.samehost;

import io.grpc.Status;
import io.grpc.StreamTracer;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Tells the stream tracers of a call what happens to it. A call without tracers has no object of
 * this. Sizes on the wire are those of messages, without frames.
 */
class Tracing<T extends StreamTracer> {
  final List<T> tracers;
  private final AtomicBoolean closed = new AtomicBoolean();
  private int sent; // by whoever sends
  private int received; // by the callbacks

  Tracing(List<T> tracers) {
    this.tracers = tracers;
  }

  /** A message is about to be sent. */
  final void sending() {
    for (T tracer : tracers) {
      tracer.outboundMessage(sent);
    }
  }

  /** The message was handed to the wire. */
  final void sent(int wireBytes, int plainBytes) {
    for (T tracer : tracers) {
      tracer.outboundMessageSent(sent, wireBytes, plainBytes);
      tracer.outboundWireSize(wireBytes);
      tracer.outboundUncompressedSize(plainBytes);
    }
    sent++;
  }

  /** A message has arrived. */
  final void receiving(int wireBytes) {
    for (T tracer : tracers) {
      tracer.inboundMessage(received);
      tracer.inboundWireSize(wireBytes);
    }
  }

  /** The message is decompressed and goes to the application. */
  final void received(int wireBytes, int plainBytes) {
    for (T tracer : tracers) {
      tracer.inboundMessageRead(received, wireBytes, plainBytes);
      tracer.inboundUncompressedSize(plainBytes);
    }
    received++;
  }

  /** The call is over; the first status counts. */
  final void closed(Status status) {
    if (!closed.getAndSet(true)) {
      for (T tracer : tracers) {
        tracer.streamClosed(status);
      }
    }
  }
}
