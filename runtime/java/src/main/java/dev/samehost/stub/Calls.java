package dev.samehost.stub;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The calling side of generated clients: makes a call of each kind over any channel. Blocking calls
 * wait on a {@link CallerExecutor}, so that a channel of samehost reads the connection on the
 * caller's own thread.
 *
 * <p>All of them throw {@link StatusRuntimeException} when the call fails. An interrupt of a
 * waiting thread cancels its call, and leaves the thread interrupted.
 */
public final class Calls {
  private Calls() {}

  /** One request, one reply. */
  public static <Q, R> R unary(
      Channel channel, MethodDescriptor<Q, R> method, CallOptions options, Q request) {
    OpenCall<Q, R> call = new OpenCall<>(channel, method, options, 2);
    return sendOnly(call, request).onlyMessage();
  }

  /** One request, one reply, without waiting. Cancelling the future cancels the call. */
  public static <Q, R> CompletableFuture<R> unaryAsync(
      Channel channel, MethodDescriptor<Q, R> method, CallOptions options, Q request) {
    return FutureCall.start(channel.newCall(method, options), request);
  }

  /** One request, many replies: each goes to {@code replies}, on this thread. */
  public static <Q, R> void serverStreaming(
      Channel channel,
      MethodDescriptor<Q, R> method,
      CallOptions options,
      Q request,
      Consumer<? super R> replies) {
    try (Replies<R> stream = serverStreaming(channel, method, options, request)) {
      stream.forEach(replies);
    }
  }

  /** One request, many replies, for the caller to read. */
  public static <Q, R> Replies<R> serverStreaming(
      Channel channel, MethodDescriptor<Q, R> method, CallOptions options, Q request) {
    return new Replies<>(sendOnly(new OpenCall<>(channel, method, options, 1), request));
  }

  /** Many requests, read on this thread as fast as the server takes them, and one reply. */
  public static <Q, R> R clientStreaming(
      Channel channel,
      MethodDescriptor<Q, R> method,
      CallOptions options,
      Iterable<? extends Q> requests) {
    try (Requests<Q, R> stream = clientStreaming(channel, method, options)) {
      for (Q request : requests) {
        if (!stream.send(request)) {
          break;
        }
      }
      return stream.finish();
    }
  }

  /** Many requests, for the caller to send, and one reply. */
  public static <Q, R> Requests<Q, R> clientStreaming(
      Channel channel, MethodDescriptor<Q, R> method, CallOptions options) {
    return new Requests<>(new OpenCall<>(channel, method, options, 2));
  }

  /**
   * Many requests, many replies. The requests are read on a thread of the call's own, so that they
   * may wait for replies; each reply goes to {@code replies}, on this thread. When the call is
   * over, a thread that still waits for a request is interrupted.
   */
  public static <Q, R> void bidiStreaming(
      Channel channel,
      MethodDescriptor<Q, R> method,
      CallOptions options,
      Iterable<? extends Q> requests,
      Consumer<? super R> replies) {
    OpenCall<Q, R> call = new OpenCall<>(channel, method, options, 1);
    try (Conversation<Q, R> conversation = new Conversation<>(call);
        RequestSender<Q> sender = new RequestSender<>(call, requests)) {
      try {
        conversation.forEach(replies);
      } catch (StatusRuntimeException failure) {
        throw sender.whyItFailed(failure);
      }
    }
  }

  /** Many requests, many replies, for the caller to send and to read. */
  public static <Q, R> Conversation<Q, R> bidiStreaming(
      Channel channel, MethodDescriptor<Q, R> method, CallOptions options) {
    return new Conversation<>(new OpenCall<>(channel, method, options, 1));
  }

  private static <Q, R> OpenCall<Q, R> sendOnly(OpenCall<Q, R> call, Q request) {
    call.sendOnly(request);
    return call;
  }
}
