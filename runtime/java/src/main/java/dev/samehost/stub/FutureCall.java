package dev.samehost.stub;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;

/** The reply of a unary call as a future, which is completed on the channel's executor. */
final class FutureCall<R> extends ClientCall.Listener<R> {
  private final CompletableFuture<R> future = new CompletableFuture<>();
  private R reply;
  private int replies;
  private volatile boolean closed;

  private FutureCall() {}

  static <Q, R> CompletableFuture<R> start(ClientCall<Q, R> call, Q request) {
    FutureCall<R> listener = new FutureCall<>();
    // Whoever completes the future ends the call: its cancel and its orTimeout, for example.
    CompletableFuture<R> unused =
        listener.future.whenComplete(
            (reply, failure) -> {
              if (!listener.closed) {
                call.cancel("the caller no longer waits", failure);
              }
            });
    call.start(listener, new Metadata());
    call.request(2);
    try {
      call.sendMessage(request);
      call.halfClose();
    } catch (RuntimeException | Error failure) {
      call.cancel("the request could not be sent", failure);
      throw failure;
    }
    return listener.future;
  }

  @Override
  public void onMessage(R message) {
    reply = message;
    replies++;
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    closed = true;
    if (!status.isOk()) {
      future.completeExceptionally(status.asRuntimeException(trailers));
    } else if (replies != 1) {
      future.completeExceptionally(WrongCount.ofReplies(replies));
    } else {
      future.complete(reply);
    }
  }
}
