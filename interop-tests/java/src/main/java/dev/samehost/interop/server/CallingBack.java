package dev.samehost.interop.server;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.interop.proto.CallBackRequest;
import dev.samehost.interop.proto.CallBackResponse;
import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.HoldRequest;
import dev.samehost.interop.proto.HoldResponse;
import dev.samehost.interop.proto.ResponseParameters;
import dev.samehost.interop.proto.SimpleRequest;
import dev.samehost.interop.proto.SimpleResponse;
import dev.samehost.interop.proto.StreamingOutputCallRequest;
import dev.samehost.interop.proto.StreamingOutputCallResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** What a handler calls of its caller, as it was asked to, and what comes of that. */
final class CallingBack {
  private final Channel caller;
  private final CallBackRequest asked;
  private int responses;
  private long bytes;

  CallingBack(Channel caller, CallBackRequest asked) {
    this.caller = caller;
    this.asked = asked;
  }

  /** Calls, and waits for all answers. */
  CallBackResponse answer() {
    try {
      if (asked.getDepth() > 0) {
        return callBackInItsTurn();
      }
      switch (asked.getMethod()) {
        case UNARY_CALL -> unary();
        case FULL_DUPLEX_CALL -> duplex();
        case HOLD -> hold();
        case UNRECOGNIZED -> throw new IllegalArgumentException("no method to call back");
      }
      return told(Status.OK);
    } catch (StatusRuntimeException e) {
      return told(e.getStatus());
    } catch (StatusException e) {
      return told(e.getStatus());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return told(Status.fromThrowable(e));
    }
  }

  private CallBackResponse told(Status outcome) {
    String text = outcome.getDescription();
    return CallBackResponse.newBuilder()
        .setCode(outcome.getCode().value())
        .setText(text == null ? "" : text)
        .setResponses(responses)
        .setResponseBytes(bytes)
        .build();
  }

  private CallOptions options() {
    return asked.getDeadlineMillis() == 0
        ? CallOptions.DEFAULT
        : CallOptions.DEFAULT.withDeadlineAfter(asked.getDeadlineMillis(), TimeUnit.MILLISECONDS);
  }

  private CallBackResponse callBackInItsTurn() {
    CallBackRequest less = asked.toBuilder().setDepth(asked.getDepth() - 1).build();
    return ClientCalls.blockingUnaryCall(
        caller, ControlServiceGrpc.getCallBackMethod(), options(), less);
  }

  private void unary() throws InterruptedException {
    SimpleRequest request =
        SimpleRequest.newBuilder()
            .setResponseSize(asked.getResponseBytes())
            .setPayload(Answers.payload(asked.getRequestBytes()))
            .build();
    int left = asked.getCount();
    while (left > 0) {
      int together = Math.min(left, Math.max(1, asked.getAtOnce()));
      left -= together;
      if (together == 1) {
        take(
            ClientCalls.blockingUnaryCall(
                caller, TestServiceGrpc.getUnaryCallMethod(), options(), request));
      } else {
        atOnce(request, together);
      }
    }
  }

  private void atOnce(SimpleRequest request, int together) throws InterruptedException {
    List<ListenableFuture<SimpleResponse>> open = new ArrayList<>();
    for (int call = 0; call < together; call++) {
      open.add(
          ClientCalls.futureUnaryCall(
              caller.newCall(TestServiceGrpc.getUnaryCallMethod(), options()), request));
    }
    for (ListenableFuture<SimpleResponse> one : open) {
      try {
        take(one.get());
      } catch (ExecutionException e) {
        throw Status.fromThrowable(e).asRuntimeException();
      }
    }
  }

  private void take(SimpleResponse response) {
    responses++;
    bytes += response.getPayload().getBody().size();
  }

  private void duplex() throws InterruptedException, StatusException {
    StreamingOutputCallRequest request =
        StreamingOutputCallRequest.newBuilder()
            .setPayload(Answers.payload(asked.getRequestBytes()))
            .addResponseParameters(
                ResponseParameters.newBuilder().setSize(asked.getResponseBytes()))
            .build();
    BlockingClientCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
        ClientCalls.blockingBidiStreamingCall(
            caller, TestServiceGrpc.getFullDuplexCallMethod(), options());
    for (int turn = 0; turn < asked.getCount(); turn++) {
      call.write(request);
      StreamingOutputCallResponse response = call.read();
      if (response == null) {
        throw Status.DATA_LOSS.withDescription("the stream ended too soon").asException();
      }
      responses++;
      bytes += response.getPayload().getBody().size();
    }
    call.halfClose();
    if (call.read() != null) {
      throw Status.DATA_LOSS.withDescription("a message that nobody asked for").asException();
    }
  }

  private void hold() {
    HoldResponse unused =
        ClientCalls.blockingUnaryCall(
            caller,
            ControlServiceGrpc.getHoldMethod(),
            options(),
            HoldRequest.getDefaultInstance());
  }
}
