package dev.samehost.interop.client;

import dev.samehost.interop.proto.ResponseParameters;
import dev.samehost.interop.proto.StreamingOutputCallRequest;
import dev.samehost.interop.proto.StreamingOutputCallResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Messages of the sizes {@code responses} are asked for and must come, in each style of stub. */
final class ServerStream implements Kind {
  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    observed(step, session, channel);
    iterated(step, session, channel);
    blocking(step, session, channel);
  }

  /** A request that asks for messages of these sizes. */
  static StreamingOutputCallRequest.Builder asking(List<Integer> sizes) {
    StreamingOutputCallRequest.Builder request = StreamingOutputCallRequest.newBuilder();
    sizes.forEach(
        size -> request.addResponseParameters(ResponseParameters.newBuilder().setSize(size)));
    return request;
  }

  private static void observed(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    Received<StreamingOutputCallResponse> answers = new Received<>();
    ClientCalls.asyncServerStreamingCall(
        call.channel.newCall(TestServiceGrpc.getStreamingOutputCallMethod(), call.options),
        asking(step.responses()).build(),
        answers);
    check(step, answers.rest(), answers.status());
    call.check(step, session, answers.status());
  }

  private static void iterated(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    Iterator<StreamingOutputCallResponse> answers =
        ClientCalls.blockingServerStreamingCall(
            call.channel,
            TestServiceGrpc.getStreamingOutputCallMethod(),
            call.options,
            asking(step.responses()).build());
    List<StreamingOutputCallResponse> all = new ArrayList<>();
    Status status = Status.OK;
    try {
      while (answers.hasNext()) {
        all.add(answers.next());
      }
    } catch (StatusRuntimeException e) {
      status = e.getStatus();
    }
    check(step, all, status);
    call.check(step, session, status);
  }

  private static void blocking(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    BlockingClientCall<StreamingOutputCallRequest, StreamingOutputCallResponse> answers =
        ClientCalls.blockingV2ServerStreamingCall(
            call.channel,
            TestServiceGrpc.getStreamingOutputCallMethod(),
            call.options,
            asking(step.responses()).build());
    List<StreamingOutputCallResponse> all = new ArrayList<>();
    Status status = Status.OK;
    try {
      while (answers.hasNext()) {
        all.add(answers.read());
      }
    } catch (StatusException e) {
      status = e.getStatus();
    }
    check(step, all, status);
    call.check(step, session, status);
  }

  private static void check(Step step, List<StreamingOutputCallResponse> answers, Status status)
      throws Mismatch {
    List<Integer> sizes =
        answers.stream().map(answer -> answer.getPayload().getBody().size()).toList();
    List<Integer> expected = step.responses();
    if (!status.isOk()) {
      // What came before the failure must be right all the same.
      expected = expected.subList(0, Math.min(sizes.size(), expected.size()));
    }
    Mismatch.unless(sizes.equals(expected), "expected " + expected + " bytes, but got " + sizes);
  }
}
