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
    Status mistaken =
        mistaken(request.hasExpectCompressed(), request.getExpectCompressed().getValue(), 0);
    if (mistaken != null) {
      answer.onError(mistaken.asRuntimeException());
      return;
    }
    if (request.getResponseStatus().getCode() != 0) {
      answer.onError(status(request.getResponseStatus()).asRuntimeException());
      return;
    }
    if (request.getResponseCompressed().getValue()) {
      serverCall(answer).setCompression("gzip");
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
    if (request.getResponseParametersList().stream()
        .anyMatch(one -> one.getCompressed().getValue())) {
      serverCall(answer).setCompression("gzip");
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
      private int number;
      private boolean over;

      @Override
      public void onNext(StreamingInputCallRequest request) {
        if (over) {
          return;
        }
        Status mistaken =
            mistaken(
                request.hasExpectCompressed(), request.getExpectCompressed().getValue(), number++);
        if (mistaken != null) {
          over = true;
          answer.onError(mistaken.asRuntimeException());
        }
        bytes += request.getPayload().getBody().size();
      }

      @Override
      public void onError(Throwable cancelled) {}

      @Override
      public void onCompleted() {
        if (over) {
          return;
        }
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

  /** Holds what a request says of itself against how it came; null where that is right. */
  private static Status mistaken(boolean says, boolean compressed, int number) {
    if (!says || ArrivalTracer.arrivals().all().get(number) == compressed) {
      return null;
    }
    return Status.INVALID_ARGUMENT.withDescription(
        "the request " + (compressed ? "was not" : "was") + " compressed, and says otherwise");
  }

  private static Status status(EchoStatus wanted) {
    return Status.fromCodeValue(wanted.getCode()).withDescription(wanted.getMessage());
  }
}
