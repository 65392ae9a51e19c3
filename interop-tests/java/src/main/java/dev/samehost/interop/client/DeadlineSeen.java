package dev.samehost.interop.client;

import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.DescribeRequest;
import dev.samehost.interop.proto.Description;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.stub.ClientCalls;
import java.util.concurrent.TimeUnit;

/** The server's handler must see what is left of {@code deadline_ms}, or no deadline. */
final class DeadlineSeen implements Kind {
  /** How much of it may be gone by then on a busy machine. */
  private static final long SLACK_MILLIS = 20_000;

  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    boolean expected = step.deadlineMs() != null;
    Description description =
        ClientCalls.blockingUnaryCall(
            channel,
            ControlServiceGrpc.getDescribeMethod(),
            expected ? new Call(channel, step, null).options : CallOptions.DEFAULT,
            DescribeRequest.getDefaultInstance());
    Mismatch.unless(
        description.hasDeadlineNanos() == expected,
        "expected " + (expected ? "a" : "no") + " deadline, but the handler saw " + description);
    if (expected) {
      long millis = TimeUnit.NANOSECONDS.toMillis(description.getDeadlineNanos());
      Mismatch.unless(
          millis <= step.deadlineMs() && millis > step.deadlineMs() - SLACK_MILLIS,
          "of " + step.deadlineMs() + " ms the handler saw " + millis);
    }
  }
}
