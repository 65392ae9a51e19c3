package dev.samehost.interop.client;

import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.HoldRequest;
import dev.samehost.interop.proto.HoldResponse;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;

/** A call that the server does not answer; {@code ended} is what the server must say of it. */
final class Hold implements Kind {
  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    String key = session.name("hold");
    Call call = new Call(channel, step, key);
    Status status = Status.OK;
    try {
      HoldResponse unused =
          ClientCalls.blockingUnaryCall(
              call.channel,
              ControlServiceGrpc.getHoldMethod(),
              call.options,
              HoldRequest.getDefaultInstance());
    } catch (StatusRuntimeException e) {
      status = e.getStatus();
    }
    call.check(step, session, status);
    new Control(channel).awaitEnd(key, step.expect().ended());
  }
}
