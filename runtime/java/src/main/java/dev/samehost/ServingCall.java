package dev.samehost;

import dev.samehost.call.ServerStream;
import dev.samehost.call.VarHandles;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.wire.MetadataBlock;
import io.grpc.Attributes;
import io.grpc.Compressor;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A call that a handler serves: gRPC's types above, bytes below. Its methods never wait. */
final class ServingCall<Q, A> extends ServerCall<Q, A> {
  private static final Logger log = LoggerFactory.getLogger(ServingCall.class);

  /** What an {@link Error} of a marshaller gives the client, in gRPC's words. */
  private static final String FAILED_WITH_ERROR = "Server sendMessage() failed with Error";

  private static final VarHandle CLOSED = VarHandles.of(ServingCall.class, "closed", boolean.class);

  private final ServerStream stream;
  private final MethodDescriptor<Q, A> method;
  private final Attributes attributes;
  private final Encodings encodings;
  private final ServerTracing tracing; // null when nobody traces
  private Compressor compressor; // null when nothing is compressed
  private boolean compressing = true;
  private boolean headersSent;
  private boolean messageSent;
  private Status outcome; // written before it is closed
  private volatile boolean closed;

  ServingCall(
      ServerStream stream,
      MethodDescriptor<Q, A> method,
      Encodings encodings,
      ServerTracing tracing) {
    this.stream = stream;
    this.method = method;
    this.attributes = (Attributes) stream.connection();
    this.encodings = encodings;
    this.tracing = tracing;
  }

  @Override
  public void request(int count) {
    stream.request(Messages.wanted(count));
  }

  @Override
  public void sendHeaders(Metadata headers) {
    check(!headersSent, "the headers were sent already");
    check(!closed, "the call is closed");
    headersSent = true;
    headers.discardAll(Encodings.USED);
    if (compressor != null) {
      String codec = compressor.getMessageEncoding();
      if (accepts(codec)) {
        headers.put(Encodings.USED, codec);
      } else {
        compressor = null;
      }
    }
    MetadataBlock block = block(headers, "of the headers");
    if (block != null) {
      stream.sendHeaders(block);
    }
  }

  /** Whether the caller takes an answer that is compressed by this codec. */
  boolean accepts(String codec) {
    return Encodings.accepts(stream.metadata(), codec);
  }

  @Override
  public void sendMessage(A message) {
    check(headersSent, "the headers were not sent yet");
    check(!closed, "the call is closed");
    if (messageSent && method.getType().serverSendsOneMessage()) {
      fail(Fault.MESSAGE_SURPLUS.text("the server"));
      return;
    }
    messageSent = true;
    ByteBuffer bytes;
    boolean compressed;
    int plainBytes;
    try {
      if (tracing != null) {
        tracing.sending();
      }
      ByteBuffer plain = Messages.bytes(method.streamResponse(message));
      plainBytes = plain.remaining();
      compressed = compressor != null && compressing && plainBytes > 0;
      bytes = compressed ? Messages.compressed(plain, compressor) : plain;
    } catch (RuntimeException e) {
      log.error("the response of {} cannot be encoded", stream.path(), e);
      // What it was is nobody else's business.
      fail(Fault.MESSAGE_UNENCODABLE.text("the server", e.getClass().getSimpleName()));
      return;
    } catch (Error e) {
      close(Status.CANCELLED.withDescription(FAILED_WITH_ERROR), new Metadata());
      throw e;
    }
    int wireBytes = bytes.remaining();
    stream.sendMessage(bytes, compressed);
    if (tracing != null) {
      tracing.sent(wireBytes, plainBytes);
    }
  }

  /**
   * Compresses what is sent by a codec of gRPC's registry, where the client takes it.
   *
   * @throws IllegalArgumentException when there is no such codec
   */
  @Override
  public void setCompression(String codec) {
    check(!headersSent, "the headers were sent already");
    if (!encodings.canCompress(codec)) {
      throw new IllegalArgumentException("Unable to find compressor by name " + codec);
    }
    compressor = encodings.compressor(codec);
  }

  /** Whether the messages that follow are compressed, where a codec was set. */
  @Override
  public void setMessageCompression(boolean enabled) {
    compressing = enabled;
  }

  /** The call is ready while fewer bytes than this wait to be sent. */
  @Override
  public void setOnReadyThreshold(int bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException("a threshold is at least 1, not " + bytes);
    }
    stream.readyBelow(bytes);
  }

  /** The handler broke the rules of its method: says so to the client. */
  private void fail(String text) {
    outcome = Status.INTERNAL.withDescription(text);
    CLOSED.setRelease(this, true);
    stream.abort(Code.INTERNAL, text);
  }

  @Override
  public void close(Status status, Metadata trailers) {
    check(!closed, "the call is closed already");
    if (status.isOk() && !messageSent && method.getType().serverSendsOneMessage()) {
      fail(Fault.MESSAGE_MISSING.text("the server"));
      return;
    }
    MetadataBlock block = block(trailers, "of the trailers");
    if (block != null) {
      outcome = status;
      CLOSED.setRelease(this, true);
      if (status.getCause() instanceof OverLink.Unseen) {
        stream.giveBack(Codes.code(status), Codes.text(status));
      } else {
        stream.close(Codes.code(status), Codes.text(status), block);
      }
    }
  }

  /** The metadata as they travel; null when they cannot, which has failed the call. */
  private MetadataBlock block(Metadata metadata, String which) {
    try {
      return MetadataBlocks.toBlock(metadata);
    } catch (IllegalArgumentException e) {
      fail(Fault.METADATA_INVALID.text(which, e.getMessage()));
      return null;
    }
  }

  /** The handler threw something. What it was is nobody else's business. */
  void handlerFailed() {
    failed(Code.UNKNOWN, Fault.HANDLER_FAILED.text());
  }

  /** The handler is not to be called, or has failed: the status for the client. */
  void failed(Code code, String text) {
    if (!closed) {
      outcome = Codes.status(code, text, null);
      CLOSED.setRelease(this, true);
      stream.fail(code, text);
    }
  }

  /** What this side has ended the call with; null while it has not. */
  Status outcome() {
    return closed ? outcome : null;
  }

  @Override
  public boolean isReady() {
    return !closed && stream.isReady();
  }

  @Override
  public boolean isCancelled() {
    return stream.isCancelled();
  }

  @Override
  public Attributes getAttributes() {
    return attributes;
  }

  @Override
  public SecurityLevel getSecurityLevel() {
    return PeerAddress.security(stream.peer().address(), stream.peer().tls().isPresent());
  }

  @Override
  public String getAuthority() {
    return SamehostChannelBuilder.AUTHORITY;
  }

  @Override
  public MethodDescriptor<Q, A> getMethodDescriptor() {
    return method;
  }

  @Override
  public String toString() {
    return "call of " + method.getFullMethodName() + " by " + stream.peer();
  }

  private static void check(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise);
    }
  }
}
