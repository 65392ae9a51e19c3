package dev.samehost.benchmarks;

import com.google.protobuf.ByteString;
import dev.samehost.benchmarks.proto.EchoGrpc;
import dev.samehost.benchmarks.proto.Payload;
import dev.samehost.benchmarks.proto.Wanted;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** The service that is called, as a user would write it. */
final class EchoService extends EchoGrpc.EchoImplBase {
  @Override
  public void unary(Payload request, StreamObserver<Payload> answers) {
    answers.onNext(request);
    answers.onCompleted();
  }

  @Override
  public void stream(Wanted request, StreamObserver<Payload> answers) {
    ServerCallStreamObserver<Payload> ready = (ServerCallStreamObserver<Payload>) answers;
    ready.setOnReadyHandler(new Sending(request, ready));
  }

  /** Sends as long as the peer takes more. */
  private static final class Sending implements Runnable {
    private final Wanted wanted;
    private final ServerCallStreamObserver<Payload> answers;
    private int sent;

    Sending(Wanted wanted, ServerCallStreamObserver<Payload> answers) {
      this.wanted = wanted;
      this.answers = answers;
    }

    @Override
    public void run() {
      byte[] body = Bodies.of(wanted.getSize());
      while (answers.isReady() && sent < wanted.getMessages()) {
        answers.onNext(Payload.newBuilder().setBody(ByteString.copyFrom(body)).build());
        if (++sent == wanted.getMessages()) {
          answers.onCompleted();
        }
      }
    }
  }
}
