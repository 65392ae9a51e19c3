package dev.samehost.interop.client;

import dev.samehost.interop.proto.StreamingOutputCallRequest;
import dev.samehost.interop.proto.StreamingOutputCallResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;

/**
 * Each of {@code requests} asks for the one of {@code responses} at its place, and waits for it.
 */
final class Duplex implements Kind {
  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    observed(step, session, channel);
    blocking(step, session, channel);
  }

  /** The request at this place. */
  static StreamingOutputCallRequest request(Step step, int at) {
    List<Integer> asked =
        step.responses() == null || at >= step.responses().size()
            ? List.of()
            : List.of(step.response(at));
    StreamingOutputCallRequest.Builder request =
        ServerStream.asking(asked).setPayload(UnaryMethod.payload(step.request(at)));
    if (step.status() != null) {
      request.setResponseStatus(UnaryMethod.status(step));
    }
    return request.build();
  }

  private static boolean halfCloses(Step step) {
    return step.halfClose() == null || step.halfClose();
  }

  private static void observed(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    Received<StreamingOutputCallResponse> answers = new Received<>();
    StreamObserver<StreamingOutputCallRequest> requests =
        ClientCalls.asyncBidiStreamingCall(
            call.channel.newCall(TestServiceGrpc.getFullDuplexCallMethod(), call.options), answers);
    for (int at = 0; at < step.requests().size(); at++) {
      requests.onNext(request(step, at));
      if (step.responses() != null && at < step.responses().size()) {
        check(step, at, answers.message());
      }
    }
    if (halfCloses(step)) {
      requests.onCompleted();
    }
    List<StreamingOutputCallResponse> surplus = answers.rest();
    call.check(step, session, answers.status());
    Mismatch.unless(surplus.isEmpty(), surplus.size() + " messages that nobody asked for");
  }

  private static void blocking(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    BlockingClientCall<StreamingOutputCallRequest, StreamingOutputCallResponse> both =
        ClientCalls.blockingBidiStreamingCall(
            call.channel, TestServiceGrpc.getFullDuplexCallMethod(), call.options);
    Status status = Status.OK;
    try {
      for (int at = 0; at < step.requests().size(); at++) {
        both.write(request(step, at));
        if (step.responses() != null && at < step.responses().size()) {
          check(step, at, both.read());
        }
      }
      if (halfCloses(step)) {
        both.halfClose();
      }
      StreamingOutputCallResponse surplus = both.read();
      Mismatch.unless(surplus == null, "a message that nobody asked for");
    } catch (StatusException e) {
      status = e.getStatus();
    }
    call.check(step, session, status);
  }

  private static void check(Step step, int at, StreamingOutputCallResponse answer) throws Mismatch {
    int size = answer == null ? -1 : answer.getPayload().getBody().size();
    Mismatch.unless(
        size == step.response(at),
        "expected " + step.response(at) + " bytes, but got " + (size < 0 ? "the end" : size));
  }
}
