package dev.samehost.examples.sidecar;

import com.google.protobuf.ByteString;
import dev.samehost.SamehostAttributes;
import io.grpc.Attributes;
import io.grpc.ClientTransportFilter;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * {@code Tour ADDRESS FORBIDDEN ENTRIES} shares a cache with a program in Python, and has it
 * started again in the midst of that; exit code 1 when something did not come as it should.
 */
public final class Tour {
  private static final int VALUE_BYTES = 1024;

  private final int count;
  private final List<String> seen = new CopyOnWriteArrayList<>();

  private Tour(int count) {
    this.count = count;
  }

  public static void main(String[] arguments) throws Exception {
    Connections connections = new Connections();
    try (SidecarCache cache = new SidecarCache(arguments[0], connections)) {
      new Tour(Integer.parseInt(arguments[2])).run(cache, connections);
    }
    try (SidecarCache forbidden = new SidecarCache(arguments[1])) {
      fails(Status.Code.PERMISSION_DENIED, () -> forbidden.get("java/0"));
    }
    System.out.println("Java: all went as it should.");
  }

  private void run(SidecarCache cache, Connections connections) throws InterruptedException {
    check("there should be nothing", cache.get("java/nothing").isEmpty());
    fails(Status.Code.RESOURCE_EXHAUSTED, () -> cache.put("java-large", zeros(1 << 20)));
    long version = cache.replace("java-leader", zeros(1), 0);
    check("versions should grow", cache.replace("java-leader", zeros(2), version) > version);
    fails(Status.Code.ABORTED, () -> cache.replace("java-leader", zeros(3), version));

    Thread follower = cache.follow("python", entry -> seen.add(entry.getKey()));
    long begin = System.nanoTime();
    for (int i = 0; i < count; i++) {
      if (i == count / 2) {
        restart(connections);
      }
      cache.put("java/" + i, zeros(VALUE_BYTES));
    }
    System.out.printf(
        "Java: %d entries put in %d ms; %d calls were made again%n",
        count, (System.nanoTime() - begin) / 1_000_000, cache.repeated());
    await("all of Python's entries should come", () -> seen.size() >= count);
    for (int i = 0; i < count; i++) {
      check(seen.get(i) + " should be " + i, seen.get(i).equals("python/" + i));
    }
    check("each should come once", seen.stream().distinct().count() == seen.size());
    check("the sidecar should be another one", connections.processes.size() == 2);
    check("what was put before should be there", cache.get("java/0").isPresent());
    check("calls should wait for the sidecar", cache.repeated() == 0);
    check("the watch should have been begun again", cache.lostWatches() > 0);
    crash(cache, connections);

    cache.close();
    follower.join(TimeUnit.SECONDS.toMillis(5));
    check("nothing should follow any more", !follower.isAlive());
  }

  /** Asks the sidecar to end while Python is at work too; whoever supervises it starts it again. */
  private void restart(Connections connections) throws InterruptedException {
    await("Python should put entries", () -> seen.size() >= count / 4);
    long process = connections.processes.get(0);
    System.out.printf("Java: SIGTERM to the sidecar, process %d%n", process);
    check("it should take a signal", ProcessHandle.of(process).orElseThrow().destroy());
  }

  /** Kills the sidecar, which then saves nothing: a cache may forget, but not fail for long. */
  private void crash(SidecarCache cache, Connections connections) throws InterruptedException {
    await("Python should be done", () -> cache.get("python-done").isPresent());
    long process = connections.processes.get(1);
    System.out.printf("Java: SIGKILL to the sidecar, process %d%n", process);
    check("it should die", ProcessHandle.of(process).orElseThrow().destroyForcibly());
    await("it should have forgotten", () -> cache.get("python-done").isEmpty());
    check("what was saved should be there", cache.get("java/0").isPresent());
    long version = cache.put("python-done", zeros(1));
    await("the watch should go on", () -> seen.contains("python-done"));
    System.out.printf("Java: it is back; the next version is %d%n", version);
  }

  private static ByteString zeros(int bytes) {
    return ByteString.copyFrom(new byte[bytes]);
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      check(what, System.nanoTime() < end);
      Thread.sleep(1);
    }
  }

  private static void fails(Status.Code code, Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException failure) {
      System.out.println("Java: " + failure.getMessage());
      check("it should be " + code, failure.getStatus().getCode() == code);
      return;
    }
    throw new IllegalStateException("it should fail with " + code);
  }

  private static void check(String what, boolean right) {
    if (!right) {
      throw new IllegalStateException(what);
    }
  }

  /** Hears of every connection, and so of every life of the sidecar. */
  private static final class Connections extends ClientTransportFilter {
    final List<Long> processes = new CopyOnWriteArrayList<>();

    @Override
    public Attributes transportReady(Attributes connection) {
      processes.add(connection.get(SamehostAttributes.PEER).processId().orElseThrow());
      System.out.printf(
          "Java: connected to process %d over %s%n",
          processes.get(processes.size() - 1), connection.get(SamehostAttributes.MEDIUM));
      return connection;
    }
  }
}
