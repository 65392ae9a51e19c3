package dev.samehost.stub;

import java.util.Iterator;

/**
 * The replies of a streaming call, one after the other, read at the caller's own pace: the server
 * gets no further ahead than the flow control of the channel allows.
 *
 * <p>Both {@link #hasNext} and {@link #next} wait, and throw {@link io.grpc.StatusRuntimeException}
 * when the call fails. Close it: a call that is left half-read stays open until its deadline. One
 * thread may read it at a time.
 *
 * @param <R> the type of a reply
 */
public sealed class Replies<R> implements Iterable<R>, AutoCloseable permits Conversation {
  private final OpenCall<?, R> call;

  Replies(OpenCall<?, R> call) {
    this.call = call;
  }

  /** Waits for a reply; false when the server has ended the call with OK. */
  public final boolean hasNext() {
    return call.hasNext();
  }

  /**
   * Waits for the next reply.
   *
   * @throws java.util.NoSuchElementException when the server has ended the call with OK
   */
  public final R next() {
    return call.next();
  }

  /** For a loop over what is left to read; each reply is read once. */
  @Override
  public final Iterator<R> iterator() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return call.hasNext();
      }

      @Override
      public R next() {
        return call.next();
      }
    };
  }

  /** Cancels the call unless it is over. May be called from any thread, and repeated. */
  @Override
  public final void close() {
    call.cancel("closed by the caller", null);
  }
}
