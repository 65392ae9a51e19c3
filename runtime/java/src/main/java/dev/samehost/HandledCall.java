package dev.samehost;

import dev.samehost.call.Outcome;
import dev.samehost.call.ServerStream;
import dev.samehost.call.ServerStreamListener;
import dev.samehost.call.Workers;
import dev.samehost.connection.Pieces;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Decompressor;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call that a server handles: its context, and what the wire tells the handler's listener, one
 * call at a time and under that context. What a handler throws is logged here, and the client is
 * told no more than that it failed.
 */
final class HandledCall<Q, A> implements ServerStreamListener {
  private static final Logger log = LoggerFactory.getLogger(HandledCall.class);

  private final ServerStream stream;
  private final ServingCall<Q, A> call;
  private final Context.CancellableContext context;
  private final Handling.Options options;
  private final ServerTracing tracing; // null when nobody traces
  private Context attached; // what is current under the context, which is not the context itself
  private ServerCall.Listener<Q> listener = new ServerCall.Listener<>() {};

  HandledCall(
      ServerStream stream,
      ServingCall<Q, A> call,
      Context.CancellableContext context,
      Handling.Options options,
      ServerTracing tracing) {
    this.stream = stream;
    this.call = call;
    this.context = context;
    this.options = options;
    this.tracing = tracing;
  }

  /** Calls the handler, under the call's context. */
  void begin(ServerCallHandler<Q, A> handler, Metadata headers) {
    attached = Context.current();
    if (context.getDeadline() != null) {
      // The context is cancelled by its deadline, by a thread that must not run a handler.
      context.addListener(this::contextCancelled, Workers.pool());
    }
    try {
      ServerCall.Listener<Q> given = handler.startCall(call, headers);
      if (given == null) {
        throw new NullPointerException("the handler gave no listener");
      }
      listener = given;
    } catch (RuntimeException | Error e) {
      log.error("serving {} failed", stream.path(), e);
      Outcome outcome = thrown(e);
      call.failed(outcome.code(), outcome.text());
    }
  }

  /** What the client is told of something that was thrown: a status if it is one. */
  static Outcome thrown(Throwable thrown) {
    Status status = Status.fromThrowable(thrown);
    boolean isStatus = status.getCode() != Status.Code.UNKNOWN || status.getDescription() != null;
    return isStatus && !status.isOk()
        ? Outcome.failure(Codes.code(status), Codes.text(status), thrown)
        : Outcome.failure(Code.UNKNOWN, Fault.HANDLER_FAILED.text(), thrown);
  }

  private void contextCancelled(Context cancelled) {
    Status status = Contexts.statusFromCancelled(cancelled);
    if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
      String text =
          Fault.DEADLINE_EXCEEDED.text(
              stream.age(), stream.peer().address(), "waiting for the handler");
      stream.abort(Code.DEADLINE_EXCEEDED, text);
    }
  }

  @Override
  public void onCancelling(Outcome outcome) {
    context.cancel(Codes.status(outcome).asException());
  }

  @Override
  public void onRequest(Pieces message, boolean compressed) {
    inContext(
        () -> {
          tellMessage(message, compressed);
          if (!stream.isAborted()) {
            tell(listener::onHalfClose);
          }
        });
  }

  @Override
  public void onMessage(Pieces message, boolean compressed) {
    inContext(() -> tellMessage(message, compressed));
  }

  private void tellMessage(Pieces message, boolean compressed) {
    if (tracing != null) {
      tracing.receiving(message.size());
    }
    Pieces plain = compressed ? decompressed(message) : message;
    if (plain == null) {
      return;
    }
    if (tracing != null) {
      tracing.received(message.size(), plain.size());
    }
    tell(
        () -> {
          try (ReceivedMessage received = new ReceivedMessage(plain)) {
            Q request;
            try {
              request = Messages.parse(call.getMethodDescriptor().getRequestMarshaller(), received);
            } catch (RuntimeException e) {
              undecodable(e);
              return;
            }
            listener.onMessage(request);
          }
        });
  }

  /**
   * The client has sent what is no message of the method: its fault, and nothing that failed here.
   */
  private void undecodable(RuntimeException why) {
    log.debug("a request of {} cannot be decoded", stream.path(), why);
    call.failed(Code.INTERNAL, Messages.undecodable("the client", why));
  }

  /** The message as it was; null when that failed the call. */
  private Pieces decompressed(Pieces message) {
    int limit = options.maxInboundMessageSize();
    try {
      Decompressor decompressor = options.encodings().decompressor(stream.metadata());
      Pieces plain = Messages.decompressed(message, decompressor, limit);
      if (plain == null) {
        String text = Fault.MESSAGE_INFLATED.text(limit, "server", Messages.INBOUND);
        stream.abort(Code.RESOURCE_EXHAUSTED, text);
      }
      return plain;
    } catch (IOException | RuntimeException | Error e) { // or the message would be missing
      stream.abort(Code.INTERNAL, Messages.undecodable("the client", e));
      return null;
    }
  }

  @Override
  public void onHalfClose() {
    call(listener::onHalfClose);
  }

  @Override
  public void onReady() {
    call(listener::onReady);
  }

  @Override
  public void onComplete() {
    trace(call.outcome());
    try {
      call(listener::onComplete);
    } finally {
      context.cancel(null);
    }
  }

  @Override
  public void onCancel() {
    Outcome outcome = stream.cancellation();
    trace(outcome == null ? call.outcome() : Codes.status(outcome));
    try {
      if (outcome != null) {
        onCancelling(outcome); // it may not have been told yet, which is done concurrently
      }
      call(listener::onCancel);
    } finally {
      context.cancel(null);
    }
  }

  private void trace(Status outcome) {
    if (tracing != null) {
      tracing.closed(outcome == null ? Status.OK : outcome);
    }
  }

  private void call(Runnable callback) {
    inContext(() -> tell(callback));
  }

  /** Under the call's context, which mostly is the current one already. */
  private void inContext(Runnable callback) {
    if (Context.current() == attached) {
      callback.run();
    } else {
      context.run(callback);
    }
  }

  /** Tells the listener something, under the call's context; what it throws ends the call. */
  private void tell(Runnable callback) {
    try {
      callback.run();
    } catch (RuntimeException | Error e) {
      failed(e);
    }
  }

  private void failed(Throwable thrown) {
    log.error("serving {} failed", stream.path(), thrown);
    call.handlerFailed();
  }
}
