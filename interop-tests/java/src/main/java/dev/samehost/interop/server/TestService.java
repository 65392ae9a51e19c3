package dev.samehost.interop.server;

import dev.samehost.interop.proto.EchoStatus;
import dev.samehost.interop.proto.Empty;
import dev.samehost.interop.proto.ResponseParameters;
import dev.samehost.interop.proto.SimpleRequest;
import dev.samehost.interop.proto.SimpleResponse;
import dev.samehost.interop.proto.StreamingInputCallRequest;
import dev.samehost.interop.proto.StreamingInputCallResponse;
import dev.samehost.interop.proto.StreamingOutputCallRequest;
import dev.samehost.interop.proto.StreamingOutputCallResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;

/** The standard service of gRPC's interop tests. */
final class TestService extends TestServiceGrpc.TestServiceImplBase {
  @Override
  public void emptyCall(Empty request, StreamObserver<Empty> answer) {
    answer.onNext(Empty.getDefaultInstance());
    answer.onCompleted();
  }

  @Override
  public void unaryCall(SimpleRequest request, StreamObserver<SimpleResponse> answer) {
    if (request.getResponseStatus().getCode() != 0) {
      answer.onError(status(request.getResponseStatus()).asRuntimeException());
      return;
    }
    answer.onNext(
        SimpleResponse.newBuilder().setPayload(Answers.payload(request.getResponseSize())).build());
    answer.onCompleted();
  }

  @Override
  public void streamingOutputCall(
      StreamingOutputCallRequest request, StreamObserver<StreamingOutputCallResponse> answer) {
    if (request.getResponseStatus().getCode() != 0) {
      answer.onError(status(request.getResponseStatus()).asRuntimeException());
      return;
    }
    Answers answers = new Answers(serverCall(answer));
    answers.add(request.getResponseParametersList());
    answers.complete();
  }

  @Override
  public StreamObserver<StreamingInputCallRequest> streamingInputCall(
      StreamObserver<StreamingInputCallResponse> answer) {
    serverCall(answer).setOnCancelHandler(() -> {});
    return new StreamObserver<>() {
      private int bytes;

      @Override
      public void onNext(StreamingInputCallRequest request) {
        bytes += request.getPayload().getBody().size();
      }

      @Override
      public void onError(Throwable cancelled) {}

      @Override
      public void onCompleted() {
        answer.onNext(
            StreamingInputCallResponse.newBuilder().setAggregatedPayloadSize(bytes).build());
        answer.onCompleted();
      }
    };
  }

  @Override
  public StreamObserver<StreamingOutputCallRequest> fullDuplexCall(
      StreamObserver<StreamingOutputCallResponse> answer) {
    Answers answers = new Answers(serverCall(answer));
    return new StreamObserver<>() {
      @Override
      public void onNext(StreamingOutputCallRequest request) {
        if (request.getResponseStatus().getCode() != 0) {
          answers.clear();
          answer.onError(status(request.getResponseStatus()).asRuntimeException());
        } else {
          answers.add(request.getResponseParametersList());
        }
      }

      @Override
      public void onError(Throwable cancelled) {
        answers.clear();
      }

      @Override
      public void onCompleted() {
        answers.complete();
      }
    };
  }

  @Override
  public StreamObserver<StreamingOutputCallRequest> halfDuplexCall(
      StreamObserver<StreamingOutputCallResponse> answer) {
    Answers answers = new Answers(serverCall(answer));
    List<ResponseParameters> asked = new ArrayList<>();
    return new StreamObserver<>() {
      @Override
      public void onNext(StreamingOutputCallRequest request) {
        asked.addAll(request.getResponseParametersList());
      }

      @Override
      public void onError(Throwable cancelled) {
        answers.clear();
      }

      @Override
      public void onCompleted() {
        answers.add(asked);
        answers.complete();
      }
    };
  }

  static <P> ServerCallStreamObserver<P> serverCall(StreamObserver<P> answer) {
    return (ServerCallStreamObserver<P>) answer;
  }

  private static Status status(EchoStatus wanted) {
    return Status.fromCodeValue(wanted.getCode()).withDescription(wanted.getMessage());
  }
}
