package dev.samehost.stub;

/**
 * A call that streams both ways: send requests, read replies, in any order. One thread may send
 * while another one reads.
 *
 * @param <Q> the type of a request
 * @param <R> the type of a reply
 */
public final class Conversation<Q, R> extends Replies<R> {
  private final OpenCall<Q, R> call;

  Conversation(OpenCall<Q, R> call) {
    super(call);
    this.call = call;
  }

  /**
   * Sends a request; waits while the server does not keep up.
   *
   * @return false when the server has ended the call with OK and reads no more
   * @throws io.grpc.StatusRuntimeException when the call has failed
   * @throws IllegalStateException after {@link #halfClose}
   */
  public boolean send(Q request) {
    return call.send(request);
  }

  /** Says that no further request follows. May be repeated. */
  public void halfClose() {
    call.halfClose();
  }
}
