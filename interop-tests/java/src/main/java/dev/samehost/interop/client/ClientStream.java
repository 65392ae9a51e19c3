package dev.samehost.interop.client;

import dev.samehost.interop.proto.StreamingInputCallRequest;
import dev.samehost.interop.proto.StreamingInputCallResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;

/** Messages of the sizes {@code requests}; the answer must be their sum. */
final class ClientStream implements Kind {
  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    Received<StreamingInputCallResponse> answers = new Received<>();
    StreamObserver<StreamingInputCallRequest> requests =
        ClientCalls.asyncClientStreamingCall(
            call.channel.newCall(TestServiceGrpc.getStreamingInputCallMethod(), call.options),
            answers);
    int sum = 0;
    for (int size : step.requests()) {
      requests.onNext(
          StreamingInputCallRequest.newBuilder().setPayload(UnaryMethod.payload(size)).build());
      sum += size;
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
}
