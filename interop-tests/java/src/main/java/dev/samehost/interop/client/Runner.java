package dev.samehost.interop.client;

import dev.samehost.interop.suite.Case;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import dev.samehost.interop.suite.Suite.Gap;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs cases one after the other, each within a limit of time, and prints a line for each. */
final class Runner {
  private static final long LIMIT_SECONDS = 90;
  private static final int FRAMES = 12;

  private final Session session;
  private final List<Gap> gaps;
  private final PrintStream out;
  private int passed;
  private int failed;
  private int listed;

  Runner(Session session, PrintStream out) throws IOException {
    this.session = session;
    this.gaps = session.suite.gaps();
    this.out = out;
  }

  /** Runs one case and prints how it went. */
  void run(Case one) {
    Optional<String> missing = missing(one);
    if (missing.isPresent()) {
      print("skipped " + one.name() + ": it needs " + missing.get());
      return;
    }
    long begin = System.nanoTime();
    Optional<String> failure = Optional.ofNullable(failureOf(one));
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    Optional<Gap> gap =
        gaps.stream()
            .filter(
                known ->
                    known.covers(one.name(), "java", session.serverLanguage, session.transport))
            .findFirst();
    if (failure.isPresent() && gap.isPresent()) {
      listed++;
      print("gap " + one.name() + ": " + gap.get().why());
    } else if (gap.isPresent()) {
      failed++;
      print("FAILED " + one.name() + ": it is listed as a gap, but works; take it off gaps.json");
    } else if (failure.isPresent()) {
      failed++;
      print("FAILED " + one.name() + ": " + failure.get());
      session.discardChannel();
    } else {
      passed++;
      print("ok " + one.name() + " " + millis + " ms");
    }
    session.takeSaid().forEach(text -> print("    " + text));
  }

  private Optional<String> missing(Case one) {
    List<String> needs = one.needs() == null ? List.of() : one.needs();
    try {
      for (String need : needs) {
        if (!session.has(need)) {
          return Optional.of(need);
        }
      }
    } catch (IOException e) {
      return Optional.of("its own folder: " + e.getMessage());
    }
    return Optional.empty();
  }

  /** Says how many passed; the answer is whether all did. */
  boolean finish() {
    try {
      session.close();
    } catch (IOException e) {
      failed++;
      print("FAILED close: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    print(passed + " passed, " + failed + " failed, " + listed + " gaps");
    return failed == 0;
  }

  private void print(String line) {
    out.println(line.replace("\r", "\\r").replace("\n", "\\n"));
    out.flush();
  }

  /** Null when the case has passed. */
  private String failureOf(Case one) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                steps(one);
                done.complete(null);
              } catch (Throwable e) { // whatever it is, the case has failed by it
                done.completeExceptionally(e);
              }
            },
            one.name());
    thread.setDaemon(true);
    thread.start();
    try {
      done.get(LIMIT_SECONDS, TimeUnit.SECONDS);
      return null;
    } catch (ExecutionException e) {
      return described(e.getCause());
    } catch (TimeoutException e) {
      StackTraceElement[] stack = thread.getStackTrace();
      thread.interrupt();
      return "not done within " + LIMIT_SECONDS + " s, it is at " + first(stack);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  private void steps(Case one) throws Exception {
    if (one.steps().stream().allMatch(step -> step.address() != null)) {
      for (Step step : one.steps()) {
        Kinds.find(step.kind()).run(step, session, null);
      }
      return; // it does not concern the server of the session
    }
    for (Step step : one.steps()) {
      if (step.channel() == null) {
        Kinds.find(step.kind()).run(step, session, session.channel());
        continue;
      }
      ManagedChannel own = session.open(session.address, step.channel());
      try {
        Kinds.find(step.kind()).run(step, session, own);
        Control.checkHealth(own);
      } finally {
        own.shutdown();
      }
    }
    Control.checkHealth(session.channel());
  }

  private static String described(Throwable failure) {
    return failure instanceof Mismatch
        ? failure.getMessage()
        : failure + " at " + first(failure.getStackTrace());
  }

  private static String first(StackTraceElement[] stack) {
    return Arrays.asList(stack).subList(0, Math.min(FRAMES, stack.length)).toString();
  }
}
