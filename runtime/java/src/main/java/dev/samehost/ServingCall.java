package dev.samehost;

import dev.samehost.call.ServerStream;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.wire.MetadataBlock;
import io.grpc.Attributes;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.nio.ByteBuffer;

/** A call that a handler serves: gRPC's types above, bytes below. Its methods never wait. */
final class ServingCall<Q, A> extends ServerCall<Q, A> {
  private final ServerStream stream;
  private final MethodDescriptor<Q, A> method;
  private final Attributes attributes;
  private boolean headersSent;
  private boolean messageSent;
  private volatile boolean closed;

  ServingCall(ServerStream stream, MethodDescriptor<Q, A> method, Attributes attributes) {
    this.stream = stream;
    this.method = method;
    this.attributes = attributes;
  }

  @Override
  public void request(int count) {
    stream.request(count);
  }

  @Override
  public void sendHeaders(Metadata headers) {
    check(!headersSent, "the headers were sent already");
    check(!closed, "the call is closed");
    headersSent = true;
    MetadataBlock block = block(headers, "of the headers");
    if (block != null) {
      stream.sendHeaders(block);
    }
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
    try {
      bytes = Messages.bytes(method.streamResponse(message));
    } catch (RuntimeException | Error e) {
      close(Status.fromThrowable(e), new Metadata());
      throw e;
    }
    stream.sendMessage(bytes, false);
  }

  /** The handler broke the rules of its method: says so to the client. */
  private void fail(String text) {
    closed = true;
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
      closed = true;
      stream.close(Codes.code(status), Codes.text(status), block);
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
    if (!closed) {
      closed = true;
      stream.fail(Code.UNKNOWN, Fault.HANDLER_FAILED.text());
    }
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
