package dev.samehost;

import dev.samehost.call.Outcome;
import dev.samehost.call.Reception;
import dev.samehost.call.ServerStream;
import dev.samehost.call.Timers;
import dev.samehost.call.Workers;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Peer;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the calls that arrive at a server to its services: finds the method, makes the context,
 * calls the handler and its listener, one at a time and under that context.
 */
final class Handling implements Reception.Handler {
  private static final Logger log = LoggerFactory.getLogger(Handling.class);

  private static final Metadata.Key<String> TIMEOUT =
      Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER);

  private final Services services;
  private final List<ServerTransportFilter> filters;

  Handling(Services services, List<ServerTransportFilter> filters) {
    this.services = services;
    this.filters = List.copyOf(filters);
  }

  @Override
  public Object connected(Peer peer) {
    Attributes attributes = PeerAttributes.of(peer);
    for (ServerTransportFilter filter : filters) {
      try {
        attributes = filter.transportReady(attributes);
      } catch (RuntimeException e) {
        log.error("a transport filter failed", e);
      }
    }
    return attributes;
  }

  @Override
  public void disconnected(Object connection) {
    for (ServerTransportFilter filter : filters) {
      try {
        filter.transportTerminated((Attributes) connection);
      } catch (RuntimeException e) {
        log.error("a transport filter failed", e);
      }
    }
  }

  @Override
  public void serve(ServerStream stream) {
    ServerMethodDefinition<?, ?> method;
    try {
      method = services.find(stream.path().substring(1));
    } catch (RuntimeException | Error e) {
      log.error("the fallback registry failed to find {}", stream.path(), e);
      stream.refuse(Code.UNKNOWN, Fault.HANDLER_FAILED.text());
      return;
    }
    if (method == null) {
      stream.unknownMethod();
    } else {
      serve(stream, method);
    }
  }

  private <Q, A> void serve(ServerStream stream, ServerMethodDefinition<Q, A> method) {
    ServingCall<Q, A> call =
        new ServingCall<>(stream, method.getMethodDescriptor(), (Attributes) stream.connection());
    Handler<Q, A> handler = new Handler<>(stream, call);
    stream.serve(method.getMethodDescriptor().getType().serverSendsOneMessage(), handler);
    Metadata headers = MetadataBlocks.toMetadata(stream.metadata());
    long left = stream.deadlineNanos();
    if (left != ServerStream.NO_DEADLINE) {
      headers.put(TIMEOUT, Timeouts.text(left)); // interceptors of gRPC look for it there
    }
    handler.begin(method, headers);
  }

  /** One call: its context and what it tells the handler's listener. */
  private static final class Handler<Q, A> implements ServerStream.Listener {
    private final ServerStream stream;
    private final ServingCall<Q, A> call;
    private final Context.CancellableContext context;
    private ServerCall.Listener<Q> listener = new ServerCall.Listener<>() {};

    Handler(ServerStream stream, ServingCall<Q, A> call) {
      this.stream = stream;
      this.call = call;
      long left = stream.deadlineNanos();
      this.context =
          left == ServerStream.NO_DEADLINE
              ? Context.ROOT.withCancellation()
              : Context.ROOT.withDeadline(
                  Deadline.after(left, TimeUnit.NANOSECONDS), Timers.scheduler());
    }

    void begin(ServerMethodDefinition<Q, A> method, Metadata headers) {
      // The context is cancelled by its deadline, by a thread that must not run a handler.
      context.addListener(this::contextCancelled, Workers.pool());
      stream.onCancellation(this::cancelContext);
      call(
          () -> {
            ServerCall.Listener<Q> given = method.getServerCallHandler().startCall(call, headers);
            if (given == null) {
              throw new NullPointerException("the handler gave no listener");
            }
            listener = given;
          });
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

    private void cancelContext(Outcome outcome) {
      context.cancel(Codes.status(outcome).asException());
    }

    @Override
    public void onMessage(ByteBuffer message, boolean compressed) {
      call(
          () ->
              listener.onMessage(
                  call.getMethodDescriptor().parseRequest(Messages.stream(message))));
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
      try {
        call(listener::onComplete);
      } finally {
        context.cancel(null);
      }
    }

    @Override
    public void onCancel() {
      Outcome outcome = stream.cancellation();
      try {
        if (outcome != null) {
          cancelContext(outcome); // it may not have been told yet, which is done concurrently
        }
        call(listener::onCancel);
      } finally {
        context.cancel(null);
      }
    }

    private void call(Runnable callback) {
      Context previous = context.attach();
      try {
        callback.run();
      } catch (RuntimeException | Error e) {
        log.error("serving {} failed", stream.path(), e);
        call.handlerFailed();
      } finally {
        context.detach(previous);
      }
    }
  }
}
