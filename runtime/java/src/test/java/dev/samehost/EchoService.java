package dev.samehost;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.stub.StreamObserver;

/** The test service: answers with what it is sent. */
final class EchoService extends EchoGrpc.EchoImplBase {
  @Override
  public void unary(Note request, StreamObserver<Note> responses) {
    responses.onNext(request);
    responses.onCompleted();
  }

  @Override
  public void repeat(Note request, StreamObserver<Note> responses) {
    for (int i = 0; i < request.getCount(); i++) {
      responses.onNext(request);
    }
    responses.onCompleted();
  }

  @Override
  public StreamObserver<Note> collect(StreamObserver<Note> responses) {
    return new StreamObserver<>() {
      private final StringBuilder texts = new StringBuilder();
      private int count;

      @Override
      public void onNext(Note request) {
        texts.append(request.getText());
        count++;
      }

      @Override
      public void onError(Throwable failure) {}

      @Override
      public void onCompleted() {
        responses.onNext(Note.newBuilder().setText(texts.toString()).setCount(count).build());
        responses.onCompleted();
      }
    };
  }

  @Override
  public StreamObserver<Note> chat(StreamObserver<Note> responses) {
    return new StreamObserver<>() {
      @Override
      public void onNext(Note request) {
        responses.onNext(request);
      }

      @Override
      public void onError(Throwable failure) {}

      @Override
      public void onCompleted() {
        responses.onCompleted();
      }
    };
  }
}
