package dev.samehost.interop.client;

import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import java.util.concurrent.TimeUnit;

/**
 * Another client program is killed while a call of it is open. Its server must see the call
 * cancelled and serve the next client; a server that was that client's child, as the one at an
 * {@code address} of the step's own must be, must end.
 */
final class ClientKilled implements Kind {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final long PAUSE_MILLIS = 20;

  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    String key = session.name("client");
    Started client =
        session.program(
            session.suite.path("client"),
            "java",
            "--address",
            session.address(step),
            "--server",
            session.serverLanguage,
            "--hold",
            key);
    long serverPid = Long.parseLong(client.awaitLine("HOLDING"));
    client.kill();
    if (session.spawns() || step.address() != null) {
      awaitDeath(serverPid);
    } else {
      new Control(channel).awaitEnd(key, "CANCELLED");
    }
  }

  /** Looks again and again, as a process that is not our child cannot be waited for. */
  static void awaitDeath(long pid) throws Exception {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (Started.runs(pid)) {
      if (System.nanoTime() > end) {
        Started.kill(pid);
        throw new Mismatch("the process " + pid + " still ran, and had to be killed");
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }
}
