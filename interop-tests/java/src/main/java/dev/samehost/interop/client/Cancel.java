package dev.samehost.interop.client;

import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.HoldRequest;
import dev.samehost.interop.proto.HoldResponse;
import dev.samehost.interop.proto.StreamingInputCallRequest;
import dev.samehost.interop.proto.StreamingInputCallResponse;
import dev.samehost.interop.proto.StreamingOutputCallRequest;
import dev.samehost.interop.proto.StreamingOutputCallResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.suite.Expectation;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;

/**
 * A call that is cancelled after the first of {@code responses}, or else once as soon as it has
 * begun and once when the server has it. It ends CANCELLED here, and for the server.
 */
final class Cancel implements Kind {
  private static final String REASON = "no longer needed";

  /** Begins a call; its answers go to {@code answers}. */
  private interface Begin {
    ClientCall<?, ?> begin(Call call, Received<Object> answers) throws Exception;
  }

  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    Begin begin =
        switch (step.method()) {
          case "StreamingInputCall" -> Cancel::input;
          case "FullDuplexCall" -> (call, answers) -> duplex(step, call, answers);
          case "Hold" -> Cancel::hold;
          default -> throw new IllegalArgumentException("no method to cancel: " + step.method());
        };
    if (step.responses() == null) {
      Received<Object> answers = new Received<>();
      begin.begin(new Call(channel, step, null), answers).cancel(REASON, null);
      checkCancelled(answers);
    }
    String key = session.name("cancel");
    Control control = new Control(channel);
    Received<Object> answers = new Received<>();
    ClientCall<?, ?> call = begin.begin(new Call(channel, step, key), answers);
    control.awaitOpen(key);
    call.cancel(REASON, null);
    checkCancelled(answers);
    control.awaitEnd(key, "CANCELLED");
  }

  private static ClientCall<?, ?> input(Call call, Received<Object> answers) {
    ClientCall<StreamingInputCallRequest, StreamingInputCallResponse> begun =
        call.channel.newCall(TestServiceGrpc.getStreamingInputCallMethod(), call.options);
    StreamObserver<?> unused = ClientCalls.asyncClientStreamingCall(begun, into(answers));
    return begun;
  }

  private static ClientCall<?, ?> duplex(Step step, Call call, Received<Object> answers)
      throws Exception {
    ClientCall<StreamingOutputCallRequest, StreamingOutputCallResponse> begun =
        call.channel.newCall(TestServiceGrpc.getFullDuplexCallMethod(), call.options);
    var requests = ClientCalls.asyncBidiStreamingCall(begun, into(answers));
    requests.onNext(Duplex.request(step, 0));
    Object unused = answers.message();
    return begun;
  }

  private static ClientCall<?, ?> hold(Call call, Received<Object> answers) {
    ClientCall<HoldRequest, HoldResponse> begun =
        call.channel.newCall(ControlServiceGrpc.getHoldMethod(), call.options);
    ClientCalls.asyncUnaryCall(begun, HoldRequest.getDefaultInstance(), into(answers));
    return begun;
  }

  private static <P> StreamObserver<P> into(Received<Object> answers) {
    return new StreamObserver<>() {
      @Override
      public void onNext(P message) {
        answers.onNext(message);
      }

      @Override
      public void onError(Throwable failure) {
        answers.onError(failure);
      }

      @Override
      public void onCompleted() {
        answers.onCompleted();
      }
    };
  }

  private static void checkCancelled(Received<Object> answers) throws Exception {
    int surplus = answers.rest().size();
    Mismatch.unless(surplus == 0, surplus + " messages after the call was cancelled");
    Status status = answers.status();
    Mismatch.unless(
        status.getCode() == Status.Code.CANCELLED,
        "expected CANCELLED, but got " + Expectation.shown(status));
  }
}
