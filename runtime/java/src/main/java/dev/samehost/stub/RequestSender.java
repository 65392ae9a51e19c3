package dev.samehost.stub;

import io.grpc.StatusRuntimeException;

/** Sends what an {@link Iterable} gives, on a thread of its own, until the call is over. */
final class RequestSender<Q> implements AutoCloseable {
  private final OpenCall<Q, ?> call;
  private final Iterable<? extends Q> requests;
  private final Thread thread;
  private volatile RuntimeException failure;

  RequestSender(OpenCall<Q, ?> call, Iterable<? extends Q> requests) {
    this.call = call;
    this.requests = requests;
    this.thread = new Thread(this::run, "samehost-requests");
    thread.setDaemon(true);
    thread.start();
  }

  /** The failure of the requests, if that is what ended the call. */
  RuntimeException whyItFailed(StatusRuntimeException outcome) {
    RuntimeException cause = failure;
    return cause == null ? outcome : cause;
  }

  /** The call is over: nobody wants a further request. */
  @Override
  public void close() {
    thread.interrupt();
  }

  private void run() {
    try {
      for (Q request : requests) {
        if (!call.send(request)) {
          return;
        }
      }
      call.halfClose();
    } catch (RuntimeException | Error thrown) {
      // When the call is over already, its own outcome is what the caller gets.
      if (!call.isClosed()) {
        failure =
            thrown instanceof RuntimeException unchecked
                ? unchecked
                : new IllegalStateException("reading the requests failed", thrown);
        call.cancel("reading the requests failed", thrown);
      }
    }
  }
}
