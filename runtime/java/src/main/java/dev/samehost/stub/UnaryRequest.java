package dev.samehost.stub;

import io.grpc.ServerCall;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;

/** Waits for the one request of a call, then runs its handler. */
final class UnaryRequest<Q, R> extends ServerCall.Listener<Q> {
  private final ServedCall<Q, R> served;
  private final Executor executor;
  private final BiConsumer<Q, ServedCall<Q, R>> handler;
  private Q request;
  private int requests;

  UnaryRequest(
      ServedCall<Q, R> served, Executor executor, BiConsumer<Q, ServedCall<Q, R>> handler) {
    this.served = served;
    this.executor = executor;
    this.handler = handler;
    served.request(2); // the second one would be the caller's mistake
  }

  @Override
  public void onMessage(Q message) {
    request = message;
    requests++;
  }

  @Override
  public void onHalfClose() {
    if (requests == 1) {
      Q only = request;
      request = null;
      served.run(executor, () -> handler.accept(only, served));
    } else {
      served.close(WrongCount.ofRequests(requests), null);
    }
  }

  @Override
  public void onReady() {
    served.changed();
  }

  @Override
  public void onCancel() {
    served.cancelled();
  }
}
