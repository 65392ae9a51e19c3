package dev.samehost.interop.client;

import dev.samehost.interop.proto.CallBackRequest;
import dev.samehost.interop.proto.CallBackResponse;
import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.util.Map;
import java.util.concurrent.ExecutionException;

/**
 * A call whose handler calls back, once by a caller who waits and reads, and once by one who does
 * not.
 */
final class CallBack implements Kind {
  private static final Map<String, CallBackRequest.Method> METHODS =
      Map.of(
          "UnaryCall", CallBackRequest.Method.UNARY_CALL,
          "FullDuplexCall", CallBackRequest.Method.FULL_DUPLEX_CALL,
          "Hold", CallBackRequest.Method.HOLD);

  @Override
  public void run(Step step, Session session, Channel shared) throws Exception {
    boolean offers = step.offers() == null || step.offers();
    ManagedChannel own =
        offers ? session.openOffering() : session.open(session.address, step.channel());
    try {
      blocking(step, session, own);
      future(step, session, own);
      Control.checkHealth(own);
    } finally {
      own.shutdown();
    }
  }

  private static CallBackRequest request(Step step) {
    return CallBackRequest.newBuilder()
        .setMethod(METHODS.get(step.method()))
        .setCount(orZero(step.count()))
        .setAtOnce(orZero(step.atOnce()))
        .setRequestBytes(step.request(0))
        .setResponseBytes(step.response(0))
        .setDeadlineMillis(orZero(step.backDeadlineMs()))
        .setDepth(orZero(step.depth()))
        .build();
  }

  private static int orZero(Integer number) {
    return number == null ? 0 : number;
  }

  private static void blocking(Step step, Session session, Channel channel) throws Mismatch {
    Call call = new Call(channel, step, null);
    Status status = Status.OK;
    try {
      check(
          step,
          ClientCalls.blockingUnaryCall(
              call.channel, ControlServiceGrpc.getCallBackMethod(), call.options, request(step)));
    } catch (StatusRuntimeException e) {
      status = e.getStatus();
    }
    call.check(step, session, status);
  }

  private static void future(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    Status status = Status.OK;
    try {
      check(
          step,
          ClientCalls.futureUnaryCall(
                  call.channel.newCall(ControlServiceGrpc.getCallBackMethod(), call.options),
                  request(step))
              .get());
    } catch (ExecutionException e) {
      status = Status.fromThrowable(e);
    }
    call.check(step, session, status);
  }

  /** Checks what the handler tells of its calls back. */
  private static void check(Step step, CallBackResponse answer) throws Mismatch {
    Status.Code code =
        step.backCode() == null ? Status.Code.OK : Status.Code.valueOf(step.backCode());
    Mismatch.unless(
        answer.getCode() == code.value()
            && (step.backText() == null || step.backText().equals(answer.getText())),
        "expected calls back that end with " + code + ", but the handler says " + answer);
    int count = code == Status.Code.OK ? orZero(step.count()) : 0;
    Mismatch.unless(
        answer.getResponses() == count
            && answer.getResponseBytes() == (long) count * step.response(0),
        "expected " + count + " answers of " + step.response(0) + " bytes, but got " + answer);
  }
}
