package dev.samehost;

import dev.samehost.call.ClientStream;
import dev.samehost.call.ClientStreamListener;
import dev.samehost.call.ClientStreamOptions;
import dev.samehost.call.Outcome;
import dev.samehost.call.VarHandles;
import dev.samehost.connection.Pieces;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.wire.MetadataBlock;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Compressor;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.Decompressor;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * A call of a channel: gRPC's types above, bytes below. Its methods never wait; its listener is
 * called under the context that was current when the call was made.
 */
final class ChannelCall<Q, A> extends ClientCall<Q, A> implements Context.CancellationListener {
  private static final VarHandle STREAM =
      VarHandles.of(ChannelCall.class, "stream", ClientStream.class);
  private static final Metadata.Key<String> USER_AGENT =
      Metadata.Key.of("user-agent", Metadata.ASCII_STRING_MARSHALLER);

  private final Calling channel;
  private final MethodDescriptor<Q, A> method;
  private final CallOptions options;
  private final Executor executor;
  private final Context context = Context.current();
  private volatile ClientStream stream; // once started
  private Listener<A> listener;
  private ClientTracing tracing; // null when nobody traces
  private Compressor compressor; // null when nothing is compressed
  private boolean compressing = true;
  private Deadline deadline;
  private boolean cancelled;
  private boolean halfClosed;

  ChannelCall(
      Calling channel, MethodDescriptor<Q, A> method, CallOptions options, Executor executor) {
    this.channel = channel;
    this.method = method;
    this.options = options;
    this.executor = executor;
  }

  @Override
  public void start(Listener<A> responses, Metadata headers) {
    check(stream == null, "the call was started already");
    check(!cancelled, "the call was cancelled");
    listener = Objects.requireNonNull(responses);
    deadline = earlier(options.getDeadline(), context.getDeadline());
    String codec = options.getCompressor();
    tracing = ClientTracing.of(options, headers);
    ClientStream started = new ClientStream(channel.route(), beginning(), new Responses());
    STREAM.setRelease(this, started); // to be seen soon is enough for who cancels it
    if (context.isCancelled()) {
      started.fail(outcome(Contexts.statusFromCancelled(context)));
    } else if (codec != null && !channel.encodings().canCompress(codec)) {
      started.fail(outcome(unknown(codec)));
    } else if (deadline != null && deadline.isExpired()) {
      started.fail(outcome(tooLate()));
    } else if (!channel.known(method).canTravel()) {
      started.fail(outcome(Codes.unknownMethod(method.getFullMethodName())));
    } else {
      compressor = codec == null ? null : channel.encodings().compressor(codec);
      // First, so that a call that ends while it begins finds the listener to remove.
      context.addListener(this, Runnable::run);
      if (options.getCredentials() == null) {
        MetadataBlock block = block(headers);
        if (block != null) {
          started.begin(block);
        }
      } else {
        started.begin(null);
        Credentials.apply(
            options,
            method,
            channel.security(),
            authority(),
            executor,
            headers,
            this::leave,
            this::fail);
      }
    }
  }

  private String authority() {
    return options.getAuthority() != null ? options.getAuthority() : channel.options().authority();
  }

  private void leave(Metadata headers) {
    MetadataBlock block = block(headers);
    if (block != null) {
      stream.start(block);
    }
  }

  /** The call's metadata, which are complete, as they travel; null when that failed the call. */
  private MetadataBlock block(Metadata headers) {
    if (channel.options().userAgent() != null) {
      headers.discardAll(USER_AGENT);
      headers.put(USER_AGENT, channel.options().userAgent());
    }
    headers.discardAll(Encodings.ACCEPTED);
    headers.discardAll(Encodings.USED);
    if (compressor != null) {
      headers.put(Encodings.USED, compressor.getMessageEncoding());
    }
    if (tracing != null) {
      tracing.created(getAttributes(), headers);
    }
    try {
      MetadataBlock block = MetadataBlocks.toBlock(headers, channel.encodings().accepted());
      if (tracing != null) {
        tracing.outboundHeaders();
      }
      return block;
    } catch (IllegalArgumentException e) {
      String text = Fault.METADATA_INVALID.text("of the request", e.getMessage());
      stream.fail(Outcome.failure(Code.INTERNAL, text, e));
      return null;
    }
  }

  private void fail(Status status) {
    stream.fail(outcome(status));
  }

  private ClientStreamOptions beginning() {
    Integer ready = options.getOnReadyThreshold();
    Calling.Known known = channel.known(method);
    return new ClientStreamOptions(
        known.path(),
        deadline == null
            ? ClientStreamOptions.NO_DEADLINE
            : deadline.timeRemaining(TimeUnit.NANOSECONDS),
        deadline == null ? "" : deadlineName(),
        method.getType().clientSendsOneMessage(),
        options.isWaitForReady(),
        ready == null ? 0 : ready,
        executor,
        executor == channel.ownExecutor() ? known.pace() : null);
  }

  /** Whose deadline it is, in gRPC's words. */
  private String deadlineName() {
    return deadline.equals(context.getDeadline()) ? "Context" : "CallOptions";
  }

  private static Status unknown(String codec) {
    return Status.INTERNAL.withDescription("Unable to find compressor by name " + codec);
  }

  private Status tooLate() {
    double seconds = -deadline.timeRemaining(TimeUnit.NANOSECONDS) / 1e9;
    return Status.DEADLINE_EXCEEDED.withDescription(
        String.format(
            Locale.ROOT,
            "ClientCall started after %s deadline was exceeded %.9f seconds ago",
            deadlineName(),
            seconds));
  }

  private static Deadline earlier(Deadline one, Deadline other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one.minimum(other);
  }

  /** The context that was current when the call was made. */
  @Override
  public void cancelled(Context cancelledContext) {
    stream.fail(outcome(Contexts.statusFromCancelled(cancelledContext)));
  }

  @Override
  public void request(int count) {
    started().request(Messages.wanted(count));
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
    boolean compressed;
    int plainBytes;
    try {
      if (tracing != null) {
        tracing.sending();
      }
      ByteBuffer plain = Messages.bytes(method.streamRequest(message));
      plainBytes = plain.remaining();
      compressed = compressor != null && compressing && plainBytes > 0;
      bytes = compressed ? Messages.compressed(plain, compressor) : plain;
    } catch (RuntimeException e) {
      started.fail(Outcome.failure(Code.CANCELLED, "Failed to stream message", e));
      return;
    } catch (Error e) {
      started.fail(Outcome.failure(Code.CANCELLED, "Client sendMessage() failed with Error", e));
      throw e;
    }
    Integer limit = options.getMaxOutboundMessageSize();
    int largest = Math.max(plainBytes, bytes.remaining());
    if (limit != null && largest > limit) {
      String text = Fault.MESSAGE_TOO_LARGE.text(largest, limit, "client", Messages.OUTBOUND);
      Status cause = Status.RESOURCE_EXHAUSTED.withDescription("message too large: " + text);
      started.fail(Outcome.failure(Code.CANCELLED, text, cause.asRuntimeException()));
      return;
    }
    int wireBytes = bytes.remaining();
    started.sendMessage(bytes, compressed);
    if (tracing != null) {
      tracing.sent(wireBytes, plainBytes);
    }
  }

  /** Whether the messages that follow are compressed, where the call's options name a codec. */
  @Override
  public void setMessageCompression(boolean enabled) {
    started();
    compressing = enabled;
  }

  @Override
  public boolean isReady() {
    ClientStream started = stream;
    return started != null && !halfClosed && started.isReady();
  }

  @Override
  public Attributes getAttributes() {
    ClientStream started = stream;
    Object connection = started == null ? null : started.connection();
    return connection == null ? Attributes.EMPTY : (Attributes) connection;
  }

  @Override
  public String toString() {
    return "call of " + method.getFullMethodName() + " at " + channel.address();
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

  /** What the answer does: to the tracers, then to the listener, under the call's context. */
  private final class Responses implements ClientStreamListener {
    private MetadataBlock named; // the codec of its messages, if any

    @Override
    public void onHeaders(MetadataBlock block) {
      Metadata headers = MetadataBlocks.toMetadata(block);
      named = block;
      if (tracing != null) {
        tracing.inboundHeaders(headers);
      }
      call("Failed to read headers", () -> listener.onHeaders(headers));
    }

    @Override
    public void onMessage(Pieces message, boolean compressed) {
      if (tracing != null) {
        tracing.receiving(message.size());
      }
      Pieces plain = compressed ? decompressed(message) : message;
      if (plain == null || isTooLarge(plain)) {
        return;
      }
      if (tracing != null) {
        tracing.received(message.size(), plain.size());
      }
      call(
          "Failed to read message.",
          () -> {
            try (ReceivedMessage stream = new ReceivedMessage(plain)) {
              listener.onMessage(Messages.parse(method.getResponseMarshaller(), stream));
            }
          });
    }

    /** The message as it was; null when that failed the call. */
    private Pieces decompressed(Pieces message) {
      Integer own = options.getMaxInboundMessageSize();
      int channels = channel.options().maxInboundMessageSize();
      int limit = own == null ? channels : Math.min(own, channels);
      try {
        Decompressor decompressor = channel.encodings().decompressor(named);
        Pieces plain = Messages.decompressed(message, decompressor, limit);
        if (plain == null) {
          String text = Fault.MESSAGE_INFLATED.text(limit, "client", Messages.INBOUND);
          stream.fail(Outcome.failure(Code.RESOURCE_EXHAUSTED, text, null));
        }
        return plain;
      } catch (IOException | RuntimeException | Error e) { // or the message would be missing
        String text = Messages.undecodable("the server", e);
        stream.fail(Outcome.failure(Code.INTERNAL, text, e));
        return null;
      }
    }

    private boolean isTooLarge(Pieces message) {
      Integer limit = options.getMaxInboundMessageSize();
      if (limit == null || message.size() <= limit) {
        return false;
      }
      String text = Fault.MESSAGE_TOO_LARGE.text(message.size(), limit, "client", Messages.INBOUND);
      stream.fail(Outcome.failure(Code.RESOURCE_EXHAUSTED, text, null));
      return true;
    }

    @Override
    public void onReady() {
      call("Failed to call onReady.", listener::onReady);
    }

    @Override
    public void onClose(Outcome outcome) {
      context.removeListener(ChannelCall.this);
      Status status = Codes.status(outcome);
      Metadata trailers = MetadataBlocks.toMetadata(outcome.trailers());
      if (tracing != null) {
        tracing.inboundTrailers(trailers);
        tracing.closed(status);
      }
      inContext(() -> listener.onClose(status, trailers));
    }

    private void call(String failure, Runnable callback) {
      try {
        inContext(callback);
      } catch (RuntimeException | Error e) {
        stream.fail(Outcome.failure(Code.CANCELLED, failure, e));
      }
    }

    /** Under the call's context, which mostly is the current one already where a caller waits. */
    private void inContext(Runnable callback) {
      if (Context.current() == context) {
        callback.run();
      } else {
        context.run(callback);
      }
    }
  }
}
