package dev.samehost.interop.client;

import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.DescribeRequest;
import dev.samehost.interop.proto.Description;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.TimeUnit;

/**
 * A server of its own is killed and another one takes its place: a call that waits reaches it. A
 * call that was made before this side could know of the death may fail by it: one, no more.
 */
final class ServerBack implements Kind {
  private static final long PATIENCE_SECONDS = 30;

  @Override
  public void run(Step step, Session session, Channel shared) throws Exception {
    Session.Victim victim = session.victim(session.name("victim"));
    victim.start();
    ManagedChannel channel = session.open(victim.address, null);
    try {
      long first = new Control(channel).describe().getPid();
      Started.kill(first);
      ClientKilled.awaitDeath(first); // until then the address is its own
      victim.start();
      Description second;
      try {
        second = describe(channel);
      } catch (StatusRuntimeException e) {
        Mismatch.unless(e.getStatus().getCode() == Status.Code.UNAVAILABLE, e.getMessage());
        second = describe(channel);
      }
      Mismatch.unless(second.getPid() != first, "the server that was killed still answers");
    } finally {
      channel.shutdownNow();
    }
  }

  private static Description describe(Channel channel) {
    return ControlServiceGrpc.newBlockingStub(channel)
        .withWaitForReady()
        .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .describe(DescribeRequest.getDefaultInstance());
  }
}
