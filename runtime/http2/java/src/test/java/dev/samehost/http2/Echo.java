package dev.samehost.http2;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** A service whose messages are bytes, of all four kinds of calls, for both stacks. */
final class Echo {
  static final String SERVICE = "samehost.test.Bytes";

  /** Answers with its request. */
  static final MethodDescriptor<byte[], byte[]> UNARY = method("Unary", MethodType.UNARY);

  /** Answers three times with its request. */
  static final MethodDescriptor<byte[], byte[]> REPEAT =
      method("Repeat", MethodType.SERVER_STREAMING);

  /** Answers with all its requests in one. */
  static final MethodDescriptor<byte[], byte[]> COLLECT =
      method("Collect", MethodType.CLIENT_STREAMING);

  /** Answers each request with the same. */
  static final MethodDescriptor<byte[], byte[]> CHAT = method("Chat", MethodType.BIDI_STREAMING);

  private Echo() {}

  static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
    return MethodDescriptor.newBuilder(Whole.MARSHALLER, Whole.MARSHALLER)
        .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
        .setType(type)
        .build();
  }

  static ServerServiceDefinition service() {
    return ServerServiceDefinition.builder(SERVICE)
        .addMethod(UNARY, ServerCalls.asyncUnaryCall(Echo::answer))
        .addMethod(REPEAT, ServerCalls.asyncServerStreamingCall(Echo::repeat))
        .addMethod(COLLECT, ServerCalls.asyncClientStreamingCall(Collecting::new))
        .addMethod(CHAT, ServerCalls.asyncBidiStreamingCall(Chatting::new))
        .build();
  }

  /** The service with one method that does something else. */
  static ServerServiceDefinition unary(ServerCalls.UnaryMethod<byte[], byte[]> handler) {
    return ServerServiceDefinition.builder(SERVICE)
        .addMethod(UNARY, ServerCalls.asyncUnaryCall(handler))
        .build();
  }

  private static void answer(byte[] request, StreamObserver<byte[]> responses) {
    responses.onNext(request);
    responses.onCompleted();
  }

  private static void repeat(byte[] request, StreamObserver<byte[]> responses) {
    for (int i = 0; i < 3; i++) {
      responses.onNext(request);
    }
    responses.onCompleted();
  }

  private static final class Collecting implements StreamObserver<byte[]> {
    private final StreamObserver<byte[]> responses;
    private final ByteArrayOutputStream all = new ByteArrayOutputStream();

    private Collecting(StreamObserver<byte[]> responses) {
      this.responses = responses;
    }

    @Override
    public void onNext(byte[] request) {
      all.writeBytes(request);
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {
      answer(all.toByteArray(), responses);
    }
  }

  private static final class Chatting implements StreamObserver<byte[]> {
    private final StreamObserver<byte[]> responses;

    private Chatting(StreamObserver<byte[]> responses) {
      this.responses = responses;
    }

    @Override
    public void onNext(byte[] request) {
      responses.onNext(request);
    }

    @Override
    public void onError(Throwable failure) {
      responses.onError(Status.fromThrowable(failure).asException());
    }

    @Override
    public void onCompleted() {
      responses.onCompleted();
    }
  }

  private static final class Whole implements MethodDescriptor.Marshaller<byte[]> {
    private static final Whole MARSHALLER = new Whole();

    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
