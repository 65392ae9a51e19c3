package dev.samehost.transport.stdio;

import dev.samehost.transport.Address;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Starts children for tests, and asks the system about them. */
final class Children {
  /** Children of tests are of no use when their link is closed, so they get no time to end. */
  static final TransportOptions IMPATIENT =
      TransportOptions.NONE.with(StdioOptions.GRACE, Duration.ofMillis(20));

  private Children() {}

  static Link start(TransportOptions options, String... arguments) throws Exception {
    Address address = new Address("stdio", String.join(" ", arguments));
    return new StdioTransport()
        .connector(address, options.with(StdioOptions.ARGUMENTS, List.of(arguments)))
        .connect(Bytes.PATIENCE_NANOS);
  }

  /** A Java program of the tests' class path, as arguments. */
  static String[] java(Class<?> program, String... arguments) {
    List<String> all =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED", // or a new JVM warns on stderr
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
    all.addAll(List.of(arguments));
    return all.toArray(String[]::new);
  }

  /** Reads up to and with the line READY, as a runtime skips noise; answers what came before. */
  static String readReady(Link link) throws LinkException {
    StringBuilder before = new StringBuilder();
    while (before.indexOf("\nREADY\n") < 0) {
      before.append((char) Bytes.read(link, 1)[0]);
    }
    return before.substring(0, before.length() - 7);
  }

  static long pid(Link link) {
    return link.peer().processId().getAsLong();
  }

  /** Whether a process runs; one that nobody has reaped yet does not. */
  static boolean isAlive(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException e) {
      return false;
    }
  }

  static void awaitDeath(long pid) throws InterruptedException {
    long start = System.nanoTime();
    while (isAlive(pid)) {
      if (System.nanoTime() - start > Bytes.PATIENCE_NANOS) {
        throw new AssertionError("process " + pid + " lives on");
      }
      Thread.sleep(5);
    }
  }

  /** Waits until a path exists, or no longer does. */
  static void awaitPath(Path path, boolean exists) throws InterruptedException {
    long start = System.nanoTime();
    while (Files.exists(path) != exists) {
      if (System.nanoTime() - start > Bytes.PATIENCE_NANOS) {
        throw new AssertionError(path + (exists ? " does not come" : " does not go"));
      }
      Thread.sleep(1);
    }
  }
}
