package dev.samehost.examples.plugins;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * {@code Tour FOLDER NAME=COMMAND...} shows a host at work with the plugins of this example; exit
 * code 1 when something did not come as it should.
 */
public final class Tour {
  private static final String GUIDE =
      """
      <h1>The guide</h1>
      <p><em>For hosts and plugins alike.</em></p>
      <p>A plugin is a program that its host starts. It <em>asks</em> the host for documents &amp; \
      reports how far it has come.</p>
      <li>It may be written in any language.</li>
      <li>It may crash: the host goes on.</li>
      """;

  private static final String INDEX =
      """
      alike: header.md 1
      and: header.md 1
      for: guide.md 1, header.md 1
      hosts: header.md 1
      plugins: header.md 1
      """;

  private final Host host;
  private final FolderWorkspace workspace;

  private Tour(Host host, FolderWorkspace workspace) {
    this.host = host;
    this.workspace = workspace;
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> commands = new LinkedHashMap<>();
    for (String plugin : List.of(arguments).subList(1, arguments.length)) {
      commands.put(plugin.split("=", 2)[0], plugin.split("=", 2)[1]);
    }
    FolderWorkspace workspace = new FolderWorkspace(Path.of(arguments[0]));
    System.out.println("What the plugins offer:");
    List<Long> started = new ArrayList<>();
    try (Host host = new Host(commands, workspace)) {
      new Tour(host, workspace).run();
      host.plugins().values().forEach(plugin -> started.addAll(plugin.processes()));
    }
    check("five processes were started", started.size() == 5);
    for (long process : started) {
      ended(process);
    }
    System.out.println("\nThe host is closed, and the plugins have ended. All went as it should.");
  }

  private void run() {
    transforms("html", "guide.md", GUIDE);
    transforms("index", "header.md", INDEX);
    ReportRequest last = workspace.progress("index of header.md");
    check("the last report is of all documents", last.getTotal() == 8 && last.getDone() == 8);

    fails("html", "loop.md", Status.Code.INVALID_ARGUMENT, "loop.md includes itself");
    fails("html", "../secret", Status.Code.PERMISSION_DENIED, "../secret is outside");
    fails("html", "no.md", Status.Code.NOT_FOUND, "no.md does not exist");
    fails("html", "huge.md", Status.Code.RESOURCE_EXHAUSTED, "huge.md is larger than 1 MiB");
    fails("html", "thrice.md", Status.Code.RESOURCE_EXHAUSTED, "1048576");
    fails("summary", "guide.md", Status.Code.NOT_FOUND, "no plugin makes summary");

    PluginProcess legacy = host.plugins().get("legacy");
    transforms("print", "header.md", "*For hosts and plugins alike.*\n");
    fails("print", "feed.md", Status.Code.UNAVAILABLE, "SIGABRT", "a form feed within a page");
    transforms("print", "header.md", "*For hosts and plugins alike.*\n");
    check("a plugin that has crashed is started again", legacy.processes().size() == 2);

    fails("print", "tab.md", Status.Code.DEADLINE_EXCEEDED);
    ended(legacy.processes().get(1)); // though it is busy
    transforms("print", "header.md", "*For hosts and plugins alike.*\n");
    check("a plugin that was stuck is started again", legacy.processes().size() == 3);
    transforms("html", "guide.md", GUIDE); // the others have noticed nothing of it
  }

  private void transforms(String transformation, String path, String right) {
    String answer = timed(transformation, path, () -> host.transform(transformation, path));
    check(transformation + " of " + path + " is not this:\n" + answer, answer.equals(right));
  }

  private void fails(String transformation, String path, Status.Code code, String... words) {
    String answer =
        timed(
            transformation,
            path,
            () -> {
              try {
                return host.transform(transformation, path);
              } catch (StatusRuntimeException failure) {
                System.out.println("  " + failure.getMessage());
                return failure.getMessage();
              }
            });
    check("it should fail with " + code, answer.startsWith(code.name()));
    for (String word : words) {
      check("the error should say " + word, answer.contains(word));
    }
  }

  private static String timed(String transformation, String path, Supplier<String> call) {
    System.out.printf("%n%s of %s%n", transformation, path);
    long begin = System.nanoTime();
    String answer = call.get();
    System.out.printf(
        "  %d characters after %.1f ms%n", answer.length(), (System.nanoTime() - begin) / 1e6);
    return answer;
  }

  /** Waits for the end of a process, which is asked to end and gets some time for it. */
  private static void ended(long process) {
    boolean ended =
        ProcessHandle.of(process)
            .map(ProcessHandle::onExit)
            .map(exit -> exit.completeOnTimeout(null, 10, TimeUnit.SECONDS).join() != null)
            .orElse(true);
    check("process " + process + " should have ended", ended);
  }

  private static void check(String what, boolean right) {
    if (!right) {
      throw new IllegalStateException(what);
    }
  }
}
