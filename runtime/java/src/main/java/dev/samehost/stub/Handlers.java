package dev.samehost.stub;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The serving side of generated code: makes a plain method, of each kind, the handler of a call on
 * any gRPC server.
 *
 * <p>A handler may wait. A unary one runs on the server's executor; one that streams runs on the
 * executor given here, for it would otherwise keep its call from hearing what it waits for. It ends
 * its call by returning, or with a status of its choice by throwing a {@link
 * StatusRuntimeException} or {@link StatusException}; whatever else it throws is logged and told to
 * the caller as UNKNOWN, without its text. When the call is cancelled, waiting for a request or
 * sending a reply throws CANCELLED.
 */
public final class Handlers {
  private Handlers() {}

  /** One request, one reply. */
  public static <Q, R> ServerCallHandler<Q, R> unary(Function<Q, R> handler) {
    return (call, headers) ->
        new UnaryRequest<>(
            new ServedCall<>(call, headers),
            Runnable::run,
            (request, served) -> served.replyOnly(handler.apply(request)));
  }

  /** One request, many replies. */
  public static <Q, R> ServerCallHandler<Q, R> serverStreaming(
      Executor executor, BiConsumer<Q, Consumer<R>> handler) {
    return (call, headers) ->
        new UnaryRequest<>(
            new ServedCall<>(call, headers),
            executor,
            (request, served) -> handler.accept(request, served::reply));
  }

  /** Many requests, one reply. */
  public static <Q, R> ServerCallHandler<Q, R> clientStreaming(
      Executor executor, Function<Iterable<Q>, R> handler) {
    return (call, headers) ->
        streamed(
            call,
            headers,
            executor,
            (requests, served) -> served.replyOnly(handler.apply(requests)));
  }

  /** Many requests, many replies. */
  public static <Q, R> ServerCallHandler<Q, R> bidiStreaming(
      Executor executor, BiConsumer<Iterable<Q>, Consumer<R>> handler) {
    return (call, headers) ->
        streamed(
            call, headers, executor, (requests, served) -> handler.accept(requests, served::reply));
  }

  private static <Q, R> ServerCall.Listener<Q> streamed(
      ServerCall<Q, R> call,
      Metadata headers,
      Executor executor,
      BiConsumer<Iterable<Q>, ServedCall<Q, R>> handler) {
    ServedCall<Q, R> served = new ServedCall<>(call, headers);
    RequestStream<Q> requests = new RequestStream<>(served);
    served.run(executor, () -> handler.accept(requests, served));
    return requests;
  }
}
