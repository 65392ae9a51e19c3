package dev.samehost;

import dev.samehost.call.Outcome;
import dev.samehost.call.ServerStream;
import dev.samehost.call.Serving;
import dev.samehost.call.Timers;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the calls that arrive at a server, or at a channel, to its services: makes the context,
 * finds the method, and has a {@link HandledCall} go on.
 */
final class Handling implements Serving.Handler {
  private static final Logger log = LoggerFactory.getLogger(Handling.class);

  private static final Metadata.Key<String> TIMEOUT =
      Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER);

  /**
   * What all calls are handled by.
   *
   * @param executors chooses another executor for a call than the server's, or null
   */
  record Options(
      List<ServerStreamTracer.Factory> tracers,
      Encodings encodings,
      int maxInboundMessageSize,
      ServerCallExecutorSupplier executors) {}

  private final Services services;
  private final Options options;
  private Context root = Context.ROOT;

  Handling(Services services, Options options) {
    this.services = services;
    this.options = options;
  }

  /** Says what the context of each call is made of; before the first one comes. */
  void within(Context root) {
    this.root = root;
  }

  @Override
  public boolean isUnary(String path) {
    // Where another executor is chosen for each call, that choice is all that begins on the reader.
    return services.isUnary(path);
  }

  @Override
  public Object method(String path) {
    return services.find(path);
  }

  @Override
  public void serve(ServerStream stream) {
    try {
      begin(stream);
    } catch (RuntimeException | Error e) {
      log.error("beginning to serve {} failed", stream.path(), e);
      Outcome outcome = HandledCall.thrown(e);
      stream.refuse(outcome.code(), outcome.text());
    }
  }

  private void begin(ServerStream stream) {
    String path = stream.path();
    Metadata headers = MetadataBlocks.toMetadata(stream.metadata());
    long left = stream.deadlineNanos();
    if (left != ServerStream.NO_DEADLINE) {
      headers.put(TIMEOUT, Timeouts.text(left)); // interceptors of gRPC look for it there
    }
    ServerTracing tracing =
        options.tracers().isEmpty()
            ? null
            : ServerTracing.of(options.tracers(), path.substring(1), headers);
    Context.CancellableContext context = context(left, tracing);
    Context previous = context.attach();
    try {
      ServerMethodDefinition<?, ?> method = services.find(path);
      if (method != null) {
        begin(stream, method, headers, context, tracing);
        return;
      }
    } catch (RuntimeException | Error e) {
      end(context, tracing, Codes.status(HandledCall.thrown(e)));
      throw e;
    } finally {
      context.detach(previous);
    }
    String text = stream.unknownMethod();
    end(context, tracing, Status.UNIMPLEMENTED.withDescription(text));
  }

  private Context.CancellableContext context(long left, ServerTracing tracing) {
    Context base = tracing == null ? root : tracing.filter(root);
    return left == ServerStream.NO_DEADLINE
        ? base.withCancellation()
        : base.withDeadline(Deadline.after(left, TimeUnit.NANOSECONDS), Timers.scheduler());
  }

  private static void end(
      Context.CancellableContext context, ServerTracing tracing, Status outcome) {
    context.cancel(null);
    if (tracing != null) {
      tracing.closed(outcome);
    }
  }

  private <Q, A> void begin(
      ServerStream stream,
      ServerMethodDefinition<Q, A> method,
      Metadata headers,
      Context.CancellableContext context,
      ServerTracing tracing) {
    ServingCall<Q, A> call =
        new ServingCall<>(stream, method.getMethodDescriptor(), options.encodings(), tracing);
    if (tracing != null) {
      tracing.started(method.getMethodDescriptor(), call.getAttributes());
    }
    HandledCall<Q, A> handled = new HandledCall<>(stream, call, context, options, tracing);
    Executor executor =
        options.executors() == null ? null : options.executors().getExecutor(call, headers);
    stream.serve(method.getMethodDescriptor().getType().serverSendsOneMessage(), handled);
    if (executor == null) {
      handled.begin(method.getServerCallHandler(), headers);
      stream.goOn(); // under the context that is attached already
    } else {
      Runnable begins = () -> handled.begin(method.getServerCallHandler(), headers);
      stream.moveTo(executor, context.wrap(begins));
    }
  }
}
