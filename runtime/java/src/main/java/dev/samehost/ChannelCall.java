package dev.samehost;

import dev.samehost.call.ClientStream;
import dev.samehost.call.ClientStreamOptions;
import dev.samehost.call.Dialer;
import dev.samehost.call.Outcome;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.wire.MetadataBlock;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * A call of a {@link SamehostChannel}: gRPC's types above, bytes below. Its methods never wait; its
 * listener is called under the context that was current when the call was made.
 */
final class ChannelCall<Q, A> extends ClientCall<Q, A> {
  private static final Metadata.Key<String> USER_AGENT =
      Metadata.Key.of("user-agent", Metadata.ASCII_STRING_MARSHALLER);

  private final Dialer dialer;
  private final MethodDescriptor<Q, A> method;
  private final CallOptions options;
  private final Executor executor;
  private final String userAgent;
  private final Context context = Context.current();
  private final Context.CancellationListener contextListener = this::contextCancelled;
  private volatile ClientStream stream;
  private Listener<A> listener;
  private boolean cancelled;
  private boolean halfClosed;

  ChannelCall(
      Dialer dialer,
      MethodDescriptor<Q, A> method,
      CallOptions options,
      Executor executor,
      String userAgent) {
    this.dialer = dialer;
    this.method = method;
    this.options = options;
    this.executor = executor;
    this.userAgent = userAgent;
  }

  @Override
  public void start(Listener<A> responses, Metadata headers) {
    check(stream == null, "the call was started already");
    check(!cancelled, "the call was cancelled");
    listener = responses;
    Deadline deadline = earlier(options.getDeadline(), context.getDeadline());
    ClientStream started = new ClientStream(dialer, beginning(deadline), new Responses());
    stream = started;
    if (context.isCancelled()) {
      started.fail(outcome(Contexts.statusFromCancelled(context)));
    } else if (deadline != null && deadline.isExpired()) {
      started.fail(outcome(tooLate(deadline)));
    } else {
      // First, so that a call that ends while it begins finds the listener to remove.
      context.addListener(contextListener, Runnable::run);
      started.begin();
      if (options.getCredentials() == null) {
        leave(headers);
      } else {
        Credentials.apply(options, method, executor, headers, this::leave, this::fail);
      }
    }
  }

  /** The call's metadata is complete. */
  private void leave(Metadata headers) {
    if (userAgent != null) {
      headers.discardAll(USER_AGENT);
      headers.put(USER_AGENT, userAgent);
    }
    try {
      stream.start(MetadataBlocks.toBlock(headers));
    } catch (IllegalArgumentException e) {
      String text = Fault.METADATA_INVALID.text("of the request", e.getMessage());
      stream.fail(Outcome.failure(Code.INTERNAL, text, e));
    }
  }

  private void fail(Status status) {
    stream.fail(outcome(status));
  }

  private ClientStreamOptions beginning(Deadline deadline) {
    return new ClientStreamOptions(
        "/" + method.getFullMethodName(),
        deadline == null ? ClientStream.NO_DEADLINE : deadline.timeRemaining(TimeUnit.NANOSECONDS),
        method.getType().clientSendsOneMessage(),
        options.isWaitForReady(),
        executor);
  }

  private Status tooLate(Deadline deadline) {
    double seconds = -deadline.timeRemaining(TimeUnit.NANOSECONDS) / 1e9;
    String whose = deadline.equals(options.getDeadline()) ? "CallOptions" : "Context";
    return Status.DEADLINE_EXCEEDED.withDescription(
        String.format(
            Locale.ROOT,
            "ClientCall started after %s deadline was exceeded %.9f seconds ago",
            whose,
            seconds));
  }

  private static Deadline earlier(Deadline one, Deadline other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one.minimum(other);
  }

  private void contextCancelled(Context cancelledContext) {
    stream.fail(outcome(Contexts.statusFromCancelled(cancelledContext)));
  }

  @Override
  public void request(int count) {
    check(count >= 0, "the number of messages must not be negative");
    started().request(count);
  }

  @Override
  public void cancel(String message, Throwable cause) {
    cancelled = true;
    ClientStream started = stream;
    if (started != null) {
      String text = message != null ? message : "Call cancelled without message";
      started.fail(Outcome.failure(Code.CANCELLED, text, cause));
    }
  }

  @Override
  public void halfClose() {
    ClientStream started = started();
    check(!cancelled, "the call was cancelled");
    check(!halfClosed, "the call was half-closed already");
    halfClosed = true;
    started.halfClose();
  }

  @Override
  public void sendMessage(Q message) {
    ClientStream started = started();
    check(!cancelled, "the call was cancelled");
    check(!halfClosed, "the call was half-closed");
    ByteBuffer bytes;
    try {
      bytes = Messages.bytes(method.streamRequest(message));
    } catch (RuntimeException e) {
      started.fail(Outcome.failure(Code.CANCELLED, "Failed to stream message", e));
      return;
    }
    Integer limit = options.getMaxOutboundMessageSize();
    if (limit != null && bytes.remaining() > limit) {
      String text =
          Fault.MESSAGE_TOO_LARGE.text(
              bytes.remaining(), limit, "client", "maxOutboundMessageSize");
      Status cause = Status.RESOURCE_EXHAUSTED.withDescription("message too large: " + text);
      started.fail(Outcome.failure(Code.CANCELLED, text, cause.asRuntimeException()));
      return;
    }
    started.sendMessage(bytes, false);
  }

  @Override
  public boolean isReady() {
    ClientStream started = stream;
    return started != null && !halfClosed && started.isReady();
  }

  @Override
  public Attributes getAttributes() {
    ClientStream started = stream;
    return started == null || started.peer() == null
        ? Attributes.EMPTY
        : PeerAttributes.of(started.peer());
  }

  @Override
  public String toString() {
    return "call of " + method.getFullMethodName() + " at " + dialer.address();
  }

  private ClientStream started() {
    ClientStream started = stream;
    check(started != null, "the call was not started");
    return started;
  }

  private static void check(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise);
    }
  }

  private static Outcome outcome(Status status) {
    return Outcome.failure(Codes.code(status), Codes.text(status), status.getCause());
  }

  /** What the answer does: to the listener, under the call's context. */
  private final class Responses implements ClientStream.Listener {
    @Override
    public void onHeaders(MetadataBlock headers) {
      call("Failed to read headers", () -> listener.onHeaders(MetadataBlocks.toMetadata(headers)));
    }

    @Override
    public void onMessage(ByteBuffer message, boolean compressed) {
      Integer limit = options.getMaxInboundMessageSize();
      if (limit != null && message.remaining() > limit) {
        String text =
            Fault.MESSAGE_TOO_LARGE.text(
                message.remaining(), limit, "client", "maxInboundMessageSize");
        stream.fail(Outcome.failure(Code.RESOURCE_EXHAUSTED, text, null));
        return;
      }
      call(
          "Failed to read message.",
          () -> listener.onMessage(method.parseResponse(Messages.stream(message))));
    }

    @Override
    public void onReady() {
      call("Failed to call onReady.", listener::onReady);
    }

    @Override
    public void onClose(Outcome outcome) {
      context.removeListener(contextListener);
      Context previous = context.attach();
      try {
        listener.onClose(Codes.status(outcome), MetadataBlocks.toMetadata(outcome.trailers()));
      } finally {
        context.detach(previous);
      }
    }

    private void call(String failure, Runnable callback) {
      Context previous = context.attach();
      try {
        callback.run();
      } catch (RuntimeException | Error e) {
        stream.fail(Outcome.failure(Code.CANCELLED, failure, e));
      } finally {
        context.detach(previous);
      }
    }
  }
}
