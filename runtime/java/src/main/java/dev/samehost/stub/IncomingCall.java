package dev.samehost.stub;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCall;

/**
 * What a handler may know and say about the call that it serves, beyond the messages: metadata, who
 * calls, until when. It belongs to the handler's thread and to what runs in its {@link Context}.
 */
public final class IncomingCall {
  private static final Context.Key<IncomingCall> KEY = Context.key("dev.samehost.stub.call");

  private final ServerCall<?, ?> call;
  private final Metadata headers;
  private final Metadata responseHeaders = new Metadata();
  private final Metadata responseTrailers = new Metadata();
  private final Context context;

  IncomingCall(ServerCall<?, ?> call, Metadata headers) {
    this.call = call;
    this.headers = headers;
    this.context = Context.current().withValue(KEY, this);
  }

  /**
   * The call that the current handler serves.
   *
   * @throws IllegalStateException outside a handler that {@link Handlers} runs
   */
  public static IncomingCall current() {
    IncomingCall current = KEY.get();
    if (current == null) {
      throw new IllegalStateException("no call is being served in this context");
    }
    return current;
  }

  /** The request's metadata. */
  public Metadata headers() {
    return headers;
  }

  /** Metadata to send before the first reply; what is added later is not sent. */
  public Metadata responseHeaders() {
    return responseHeaders;
  }

  /** Metadata to send with the status, whether the call ends well or not. */
  public Metadata responseTrailers() {
    return responseTrailers;
  }

  /** What the server knows of the connection: who calls, for example. */
  public Attributes attributes() {
    return call.getAttributes();
  }

  /** Until when the caller waits; null when it has not said so. */
  public Deadline deadline() {
    return context.getDeadline();
  }

  /** Whether the caller has gone, cancelled, or seen its deadline pass. Never waits. */
  public boolean isCancelled() {
    return call.isCancelled();
  }

  /** The context in which the handler runs. */
  Context context() {
    return context;
  }
}
