package dev.samehost.interop.client;

import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.HoldRequest;
import dev.samehost.interop.proto.HoldResponse;
import dev.samehost.interop.proto.StreamingOutputCallResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import java.util.List;

/** A server of its own is killed while a unary call and a stream are open: both must fail. */
final class ServerKilled implements Kind {
  @Override
  public void run(Step step, Session session, Channel shared) throws Exception {
    Session.Victim victim = session.victim(session.name("victim"));
    victim.start();
    ManagedChannel channel = session.open(victim.address, null);
    try {
      Control control = new Control(channel);
      long pid = control.describe().getPid();
      String key = session.name("killed");
      Call held = new Call(channel, step, key);
      Received<HoldResponse> none = new Received<>();
      ClientCalls.asyncUnaryCall(
          held.channel.newCall(ControlServiceGrpc.getHoldMethod(), held.options),
          HoldRequest.getDefaultInstance(),
          none);
      Call stream = new Call(channel, step, null);
      Received<StreamingOutputCallResponse> answers = new Received<>();
      var requests =
          ClientCalls.asyncBidiStreamingCall(
              stream.channel.newCall(TestServiceGrpc.getFullDuplexCallMethod(), stream.options),
              answers);
      requests.onNext(ServerStream.asking(List.of(10)).build());
      StreamingOutputCallResponse unused = answers.message();
      control.awaitOpen(key);
      Started.kill(pid);
      Mismatch.unless(none.next() == null, "the call that was held got an answer");
      Mismatch.unless(answers.next() == null, "the stream got another message");
      for (Status status : List.of(none.status(), answers.status())) {
        step.expect().check(status);
        step.expect().checkFault(status, session.transport, victim.address, session.catalogue);
      }
    } finally {
      channel.shutdownNow();
    }
  }
}
