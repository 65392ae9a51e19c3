package dev.samehost.interop.client;

import dev.samehost.interop.Flags;
import dev.samehost.interop.suite.Case;
import dev.samehost.interop.suite.Suite;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** The interop client: runs cases against the server at an address. */
public final class InteropClient {
  private static final int MISUSED = 2;

  private InteropClient() {}

  /** Prints a line for each case; exits 0 when all passed, 1 otherwise, 2 for wrong flags. */
  public static void main(String[] words) throws Exception {
    boolean good;
    try {
      good = run(Flags.parse(words, Set.of("address", "case", "server", "home", "hold")));
    } catch (IllegalArgumentException e) {
      System.err.println("client: " + e.getMessage());
      System.err.println(
          "It takes --address ADDRESS --case NAME|all|faults, and [--server LANGUAGE] of the server.");
      System.exit(MISUSED);
      return;
    }
    if (!good) {
      System.exit(1);
    }
    // Otherwise the process must end by itself: a thread that is left behind would be a fault.
  }

  private static boolean run(Flags flags) throws Exception {
    Suite suite = new Suite(Path.of(flags.find("home").orElse("interop-tests")).toAbsolutePath());
    List<Case> cases = suite.cases(flags.find("case").orElse("all"));
    Session session = new Session(flags.get("address"), flags.find("server").orElse("java"), suite);
    if (flags.find("hold").isPresent()) {
      Holding.hold(session, flags.get("hold"));
      return true;
    }
    Runner runner = new Runner(session, System.out);
    cases.forEach(runner::run);
    return runner.finish();
  }
}
