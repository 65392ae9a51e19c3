package dev.samehost.stub;

/**
 * The requests of a call that is answered by one reply. Send them, then {@link #finish}; closing it
 * earlier cancels the call. For one thread at a time.
 *
 * @param <Q> the type of a request
 * @param <R> the type of the reply
 */
public final class Requests<Q, R> implements AutoCloseable {
  private final OpenCall<Q, R> call;

  Requests(OpenCall<Q, R> call) {
    this.call = call;
  }

  /**
   * Sends a request; waits while the server does not keep up.
   *
   * @return false when the server has answered already and reads no more
   * @throws io.grpc.StatusRuntimeException when the call has failed
   * @throws IllegalStateException after {@link #finish}
   */
  public boolean send(Q request) {
    return call.send(request);
  }

  /**
   * Ends the requests and waits for the reply.
   *
   * @throws io.grpc.StatusRuntimeException when the call has failed
   */
  public R finish() {
    call.halfClose();
    return call.onlyMessage();
  }

  /** Cancels the call unless it is over. May be called from any thread, and repeated. */
  @Override
  public void close() {
    call.cancel("closed by the caller", null);
  }
}
