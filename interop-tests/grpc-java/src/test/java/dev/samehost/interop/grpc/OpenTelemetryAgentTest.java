package dev.samehost.interop.grpc;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * OpenTelemetry's Java agent finds our channels and servers in a program that knows nothing of it:
 * the program runs in a JVM of its own, and the agent prints what it would send.
 */
@Timeout(180)
final class OpenTelemetryAgentTest {
  private static final String AGENT = System.getProperty("samehost.opentelemetry.agent");

  @TempDir private Path folder;

  private String run() throws Exception {
    List<String> flags =
        List.of(
            "-javaagent:" + AGENT,
            "-Dotel.traces.exporter=console",
            "-Dotel.metrics.exporter=console",
            "-Dotel.logs.exporter=none",
            "-Dotel.javaagent.logging=simple");
    Path output = folder.resolve("output");
    Process program =
        new ProcessBuilder(Jvm.command(flags, OneCall.class, "unix:" + folder.resolve("socket")))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = program.waitFor(120, TimeUnit.SECONDS);
    program.destroyForcibly();
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertWithMessage("the program ends: %s", text).that(ended).isTrue();
    assertWithMessage(text).that(program.exitValue()).isEqualTo(0);
    return text;
  }

  @Test
  void theAgentGivesSpansAndMetricsOfBothSides() throws Exception {
    String text = run();
    String client = traceOf(text, "CLIENT");
    String server = traceOf(text, "SERVER");
    assertWithMessage(text).that(server).isEqualTo(client);
    assertThat(text).contains("name=rpc.client.");
    assertThat(text).contains("name=rpc.server.");
  }

  /** The trace of the one span of a kind, as the console exporter prints it. */
  private static String traceOf(String text, String kind) {
    Matcher span =
        Pattern.compile(
                "'grpc\\.testing\\.TestService/EmptyCall' : ([0-9a-f]{32}) [0-9a-f]{16} " + kind)
            .matcher(text);
    assertWithMessage("a span of the kind %s in: %s", kind, text).that(span.find()).isTrue();
    return span.group(1);
  }
}
