package dev.samehost.transport.stdio;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a child's lines in a host that has said nothing of them. */
@Timeout(90)
final class StderrLogTest {
  private static final String LOGGER = "dev.samehost.transport.stdio.child";
  private static final String[] CHILD = {
    "sh", "-c", "echo of the child >&2; printf '\\nREADY\\n'; exec cat"
  };

  @Test
  void without_a_binding_of_slf4j_the_jdk_logs_them_to_the_standard_error_of_the_host()
      throws Exception {
    assertThat(firstLineOfTheChild("slf4j-simple")).endsWith(": of the child");
  }

  @Test
  void with_one_they_are_logged() throws Exception {
    assertThat(firstLineOfTheChild("no jar")).endsWith("INFO " + LOGGER + " - of the child");
  }

  /** As a host without a jar of the class path writes it. */
  private static String firstLineOfTheChild(String without) throws Exception {
    String[] command = Children.java(HostProgram.class, CHILD);
    String classPath = System.getProperty("java.class.path");
    command[Arrays.asList(command).indexOf(classPath)] =
        Arrays.stream(classPath.split(File.pathSeparator))
            .filter(entry -> !entry.contains(without))
            .collect(Collectors.joining(File.pathSeparator));
    Process host =
        new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    // Ends the reading too where the line never comes.
    CompletableFuture.delayedExecutor(30, TimeUnit.SECONDS).execute(host::destroyForcibly);
    try (var errors = new BufferedReader(new InputStreamReader(host.getErrorStream(), UTF_8))) {
      return errors
          .lines()
          .filter(line -> line.endsWith("of the child"))
          .findFirst()
          .orElse("none");
    } finally {
      host.destroyForcibly();
    }
  }
}
