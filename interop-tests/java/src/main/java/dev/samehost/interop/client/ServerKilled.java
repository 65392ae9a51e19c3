package dev.samehost.interop.client;

import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.HoldRequest;
import dev.samehost.interop.proto.HoldResponse;
import dev.samehost.interop.proto.StreamingOutputCallRequest;
import dev.samehost.interop.proto.StreamingOutputCallResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import java.util.ArrayList;
import java.util.List;

/**
 * A server of its own is killed while a unary call and a stream are open: both must fail. So many
 * messages as the step has {@code responses} are unread then, and must come before.
 */
final class ServerKilled implements Kind {
  @Override
  public void run(Step step, Session session, Channel shared) throws Exception {
    List<Integer> unread = step.responses() == null ? List.of() : step.responses();
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
      Received<StreamingOutputCallResponse> answers = new Received<>();
      ClientCall<StreamingOutputCallRequest, ?> stream = open(step, unread, channel, answers);
      StreamingOutputCallResponse unused = answers.message();
      control.awaitOpen(key);
      if (!unread.isEmpty()) {
        control.describe(); // which the server hears after the stream's request
        Started.awaitSleep(pid);
      }
      Started.kill(pid);
      Mismatch.unless(none.next() == null, "the call that was held got an answer");
      stream.request(unread.size() + 1);
      List<Integer> got =
          answers.rest().stream().map(answer -> answer.getPayload().getBody().size()).toList();
      Mismatch.unless(got.equals(unread), "expected the messages " + unread + ", but got " + got);
      for (Status status : List.of(none.status(), answers.status())) {
        step.expect().check(status);
        step.expect().checkFault(status, session.transport, victim.address, session.catalogue);
      }
    } finally {
      channel.shutdownNow();
    }
  }

  /** A stream that has asked for a message, which it reads, and for those that it does not. */
  private static ClientCall<StreamingOutputCallRequest, ?> open(
      Step step,
      List<Integer> unread,
      Channel channel,
      Received<StreamingOutputCallResponse> answers) {
    Call call = new Call(channel, step, null);
    ClientCall<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
        call.channel.newCall(TestServiceGrpc.getFullDuplexCallMethod(), call.options);
    stream.start(answers.listener(), new Metadata());
    List<Integer> sizes = new ArrayList<>(List.of(10));
    sizes.addAll(unread);
    stream.request(1);
    stream.sendMessage(ServerStream.asking(sizes).build());
    return stream;
  }
}
