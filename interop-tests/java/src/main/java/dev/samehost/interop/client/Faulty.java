package dev.samehost.interop.client;

import dev.samehost.interop.proto.Empty;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A call to an {@code address} behind which something is wrong: nothing, a {@code peer} that
 * misbehaves, or a child that does. It must end as expected, and leave neither a process nor a
 * descriptor behind.
 */
final class Faulty implements Kind {
  private static final long PATIENCE_SECONDS = 60;

  @Override
  public void run(Step step, Session session, Channel none) throws Exception {
    Path socket = session.file("peer");
    Path pidFile = session.file("pid");
    String address = session.address(step);
    Started listener = null;
    try {
      if (step.peer() != null) {
        listener =
            session.program(
                "python3",
                session.suite.path("peers/peer.py"),
                step.peer(),
                "--socket",
                socket.toString());
        listener.awaitLine("READY");
      }
      int descriptors = Descriptors.count();
      Status status = call(step, session, address);
      session.say(
          status.getCode()
              + " \""
              + (status.getDescription() == null ? "" : status.getDescription())
              + "\"");
      step.expect().check(status);
      step.expect().checkFault(status, "*", address, session.catalogue);
      if (Files.exists(pidFile)) {
        ClientKilled.awaitDeath(Long.parseLong(Files.readString(pidFile)));
      }
      Descriptors.awaitAtMost(descriptors);
    } finally {
      if (listener != null) {
        listener.kill();
      }
      Files.deleteIfExists(socket);
      Files.deleteIfExists(pidFile);
    }
  }

  /** Makes one call on a channel of its own, and waits until that has ended. */
  private static Status call(Step step, Session session, String address) throws Exception {
    ManagedChannel channel;
    try {
      channel = session.open(address, step.channel());
    } catch (IllegalArgumentException e) {
      return Status.INVALID_ARGUMENT.withDescription(e.getMessage());
    }
    try {
      Empty unused =
          TestServiceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
              .emptyCall(Empty.getDefaultInstance());
      return Status.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    } finally {
      channel.shutdown();
      Mismatch.unless(
          channel.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS), "the channel did not end");
    }
  }
}
