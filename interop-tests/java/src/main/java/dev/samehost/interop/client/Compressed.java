package dev.samehost.interop.client;

import dev.samehost.interop.Arrivals;
import dev.samehost.interop.proto.BoolValue;
import dev.samehost.interop.proto.ResponseParameters;
import dev.samehost.interop.proto.SimpleRequest;
import dev.samehost.interop.proto.SimpleResponse;
import dev.samehost.interop.proto.StreamingInputCallRequest;
import dev.samehost.interop.proto.StreamingInputCallResponse;
import dev.samehost.interop.proto.StreamingOutputCallRequest;
import dev.samehost.interop.proto.StreamingOutputCallResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import java.util.List;

/**
 * Calls whose messages are compressed one by one: each of {@code requests} is sent as {@code
 * compressed} says, and says of itself what {@code says_compressed} does; each of {@code responses}
 * is asked for, and must come, as {@code wants_compressed} says.
 */
final class Compressed implements Kind {
  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    switch (step.method()) {
      case "UnaryCall" -> {
        unary(step, session, channel);
        observed(step, session, channel);
      }
      case "StreamingInputCall" -> clientStream(step, session, channel);
      case "StreamingOutputCall" -> serverStream(step, session, channel);
      default ->
          throw new IllegalArgumentException(
              "no such method of compressed calls: " + step.method());
    }
  }

  private static void unary(Step step, Session session, Channel channel) throws Mismatch {
    Call call = new Call(channel, step, null);
    Arrivals arrivals = new Arrivals();
    Status status = Status.OK;
    try {
      SimpleResponse answer =
          ClientCalls.blockingUnaryCall(
              call.channel,
              TestServiceGrpc.getUnaryCallMethod(),
              options(call, step, arrivals),
              request(step));
      check(step, List.of(answer.getPayload().getBody().size()), arrivals);
    } catch (StatusRuntimeException e) {
      status = e.getStatus();
    }
    call.check(step, session, status);
  }

  private static void observed(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    Arrivals arrivals = new Arrivals();
    Received<SimpleResponse> answers = new Received<>();
    ClientCalls.asyncUnaryCall(
        call.channel.newCall(TestServiceGrpc.getUnaryCallMethod(), options(call, step, arrivals)),
        request(step),
        answers);
    List<SimpleResponse> all = answers.rest();
    call.check(step, session, answers.status());
    if (answers.status().isOk()) {
      check(
          step,
          all.stream().map(answer -> answer.getPayload().getBody().size()).toList(),
          arrivals);
    }
  }

  private static void clientStream(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    Received<StreamingInputCallResponse> answers = new Received<>();
    var requests =
        (ClientCallStreamObserver<StreamingInputCallRequest>)
            ClientCalls.asyncClientStreamingCall(
                call.channel.newCall(
                    TestServiceGrpc.getStreamingInputCallMethod(),
                    options(call, step, new Arrivals())),
                answers);
    int sum = 0;
    for (int i = 0; i < step.requests().size(); i++) {
      requests.setMessageCompression(step.compressed().get(i));
      requests.onNext(
          StreamingInputCallRequest.newBuilder()
              .setPayload(UnaryMethod.payload(step.request(i)))
              .setExpectCompressed(bool(step.saysCompressed().get(i)))
              .build());
      sum += step.request(i);
    }
    requests.onCompleted();
    List<StreamingInputCallResponse> all = answers.rest();
    call.check(step, session, answers.status());
    if (answers.status().isOk()) {
      Mismatch.unless(
          all.size() == 1 && all.get(0).getAggregatedPayloadSize() == sum,
          "expected the sum " + sum + ", but got " + all);
    }
  }

  private static void serverStream(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    Arrivals arrivals = new Arrivals();
    StreamingOutputCallRequest.Builder request = StreamingOutputCallRequest.newBuilder();
    for (int i = 0; i < step.responses().size(); i++) {
      request.addResponseParameters(
          ResponseParameters.newBuilder()
              .setSize(step.response(i))
              .setCompressed(bool(step.wantsCompressed().get(i))));
    }
    Received<StreamingOutputCallResponse> answers = new Received<>();
    ClientCalls.asyncServerStreamingCall(
        call.channel.newCall(
            TestServiceGrpc.getStreamingOutputCallMethod(), options(call, step, arrivals)),
        request.build(),
        answers);
    List<StreamingOutputCallResponse> all = answers.rest();
    call.check(step, session, answers.status());
    check(
        step, all.stream().map(answer -> answer.getPayload().getBody().size()).toList(), arrivals);
  }

  /** The options of a call that compresses if any of its messages is to be, and is watched. */
  private static CallOptions options(Call call, Step step, Arrivals arrivals) {
    CallOptions watched =
        call.options.withStreamTracerFactory(
            new ClientStreamTracer.Factory() {
              @Override
              public ClientStreamTracer newClientStreamTracer(
                  ClientStreamTracer.StreamInfo info, Metadata headers) {
                return new ClientStreamTracer() {
                  @Override
                  public void inboundMessageRead(int number, long wireBytes, long plainBytes) {
                    arrivals.add(wireBytes, plainBytes);
                  }
                };
              }
            });
    boolean compresses = step.compressed() != null && step.compressed().contains(true);
    return compresses ? watched.withCompression("gzip") : watched;
  }

  private static SimpleRequest request(Step step) {
    SimpleRequest.Builder request =
        SimpleRequest.newBuilder()
            .setResponseSize(step.response(0))
            .setPayload(UnaryMethod.payload(step.request(0)));
    if (step.saysCompressed() != null) {
      request.setExpectCompressed(bool(step.saysCompressed().get(0)));
    }
    if (step.wantsCompressed() != null) {
      request.setResponseCompressed(bool(step.wantsCompressed().get(0)));
    }
    return request.build();
  }

  private static BoolValue bool(boolean value) {
    return BoolValue.newBuilder().setValue(value).build();
  }

  /** Checks the answers; where nothing was asked for, they come compressed or not. */
  private static void check(Step step, List<Integer> sizes, Arrivals arrivals) throws Mismatch {
    Mismatch.unless(
        sizes.equals(step.responses()),
        "expected " + step.responses() + " bytes, but got " + sizes);
    List<Boolean> wanted = step.wantsCompressed();
    Mismatch.unless(
        wanted == null || wanted.equals(arrivals.all()),
        "expected answers compressed as " + wanted + ", but got them as " + arrivals.all());
  }
}
