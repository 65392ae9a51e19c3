package dev.samehost.transport.stdio;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** How a host looks after its children: what they say on standard error, and that they end. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
@EnabledOnOs(OS.LINUX)
final class SupervisionTest {
  /** Starts its child behind a wrapper that holds a writing end of the child's standard input. */
  private static final String WRAPPER =
      "mkfifo \"$0/in\"; exec 3<>\"$0/in\" 4<&0; cat <&4 >&3 & exec \"$@\" <&3 4<&-";

  @TempDir Path folder;

  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  /** A child by this script, whose standard error goes to {@link #lines}. */
  private Link talks(String script) throws Exception {
    TransportOptions options = Children.IMPATIENT.with(StdioOptions.STDERR_LINES, lines::add);
    return Children.start(options, "sh", "-c", script);
  }

  private String next() throws InterruptedException {
    return lines.poll(60, TimeUnit.SECONDS);
  }

  private static String explained(Link link) {
    return link.explain(Fault.LINK_ENDED.with(link.peer().address())).getMessage();
  }

  @Test
  void every_line_on_stderr_is_handed_on_in_its_order_and_the_last_ones_stand_in_the_error()
      throws Exception {
    try (Link link = talks("i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done >&2")) {
      for (int number = 0; number < 500; number++) {
        assertThat(next()).isEqualTo("line " + number);
      }
      assertThat(Bytes.readToEnd(link)).isEmpty();
      List<String> last = explained(link).lines().toList();
      assertThat(last).hasSize(20);
      assertThat(last.get(0)).endsWith("line 480");
      assertThat(last.get(19)).isEqualTo("line 499");
    }
  }

  @Test
  void a_line_on_stderr_is_handed_on_while_the_child_lives() throws Exception {
    try (Link link = talks("echo one >&2; read -r go; echo two >&2; exec sleep 1000")) {
      assertThat(next()).isEqualTo("one");
      Bytes.write(link, "go\n".getBytes(US_ASCII));
      assertThat(next()).isEqualTo("two");
    }
  }

  @Test
  void a_last_line_on_stderr_needs_no_end() throws Exception {
    try (Link link = talks("printf 'one\\ntwo' >&2")) {
      assertThat(next()).isEqualTo("one");
      assertThat(next()).isEqualTo("two");
      assertThat(Bytes.readToEnd(link)).isEmpty();
      assertThat(explained(link)).endsWith("one\ntwo");
    }
  }

  @Test
  void a_long_line_on_stderr_is_cut_between_characters_and_the_next_one_is_whole()
      throws Exception {
    String script =
        "head -c 9000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo next >&2;"
            + " { printf y; i=0; while [ $i -lt 2000 ]; do printf '\\303\\244'; i=$((i+1)); done; echo; }"
            + " >&2; printf last >&2; read -r end";
    try (Link link = talks(script)) {
      assertThat(next()).isEqualTo("x".repeat(StderrTail.LINE_BYTES));
      assertThat(next()).isEqualTo("next");
      assertThat(next()).isEqualTo("y" + "ä".repeat(511));
      Bytes.write(link, "\n".getBytes(US_ASCII));
      assertThat(next()).isEqualTo("last");
    }
  }

  @Test
  void bytes_on_stderr_that_are_no_text_are_handed_on_as_replacement_characters() throws Exception {
    try (Link link = talks("printf 'a\\377b\\303\\n\\000c\\r\\n' >&2")) {
      assertThat(next()).isEqualTo("a\uFFFDb\uFFFD");
      assertThat(next()).isEqualTo("\0c");
      assertThat(Bytes.readToEnd(link)).isEmpty();
    }
  }

  @Test
  void a_consumer_of_stderr_that_fails_harms_nothing_else() throws Exception {
    TransportOptions options =
        Children.IMPATIENT.with(
            StdioOptions.STDERR_LINES,
            line -> {
              throw new IllegalStateException("on purpose");
            });
    try (Link link = Children.start(options, "sh", "-c", "echo a >&2; echo b >&2; exit 2")) {
      assertThat(Bytes.readToEnd(link)).isEmpty();
      assertThat(link.explain(Fault.LINK_ENDED.with(link.peer().address())))
          .hasMessageThat()
          .endsWith("a\nb");
    }
  }

  @Test
  void a_child_that_heeds_neither_the_end_of_its_input_nor_sigterm_is_killed_after_the_grace()
      throws Exception {
    Duration grace = Duration.ofMillis(100);
    long pid;
    long begin;
    try (Link link =
        Children.start(
            TransportOptions.NONE.with(StdioOptions.GRACE, grace),
            "sh",
            "-c",
            "trap '' TERM PIPE; echo x; while :; do sleep 0.1; done")) {
      Bytes.read(link, 2);
      pid = Children.pid(link);
      assertThat(Children.isAlive(pid)).isTrue();
      begin = System.nanoTime();
    }
    Children.awaitDeath(pid);
    // Once for the end of its input, and once for SIGTERM.
    assertThat(System.nanoTime() - begin).isAtLeast(2 * grace.toNanos());
    Children.awaitPath(Path.of("/proc/" + pid), false);
  }

  @Test
  void a_child_that_heeds_sigterm_alone_is_sent_it() throws Exception {
    String script = "trap 'echo TERM >&2; exit 0' TERM; echo x; while :; do sleep 0.05; done";
    TransportOptions options =
        TransportOptions.NONE
            // It holds twice: a busy machine must not come to SIGKILL.
            .with(StdioOptions.GRACE, Duration.ofSeconds(2))
            .with(StdioOptions.STDERR_LINES, lines::add);
    try (Link link = Children.start(options, "sh", "-c", script)) {
      Bytes.read(link, 2);
    }
    assertThat(next()).isEqualTo("TERM");
  }

  @Test
  void a_grandchild_that_keeps_the_pipes_open_keeps_the_link_from_nothing() throws Exception {
    Path holds = folder.resolve("pid");
    try (Link link =
        Children.start(
            Children.IMPATIENT,
            "sh",
            "-c",
            "sleep 1000 & echo $! > " + holds + "; echo last; exit 4")) {
      assertThat(new String(Bytes.readToEnd(link), UTF_8)).isEqualTo("last\n");
      assertThat(link.await(Link.READ | Link.WRITE, Link.FOREVER))
          .isEqualTo(Link.READ | Link.WRITE);
      assertThrows(LinkException.class, () -> link.write(ByteBuffer.allocate(1)));
      assertThat(link.explain(Fault.LINK_ENDED.with(link.peer().address())))
          .hasMessageThat()
          .contains("exited with status 4 with calls open. Its last lines on stderr: nothing");
    } finally {
      ProcessHandle.of(Long.parseLong(Files.readString(holds).strip()))
          .ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void no_child_outlives_a_host_that_is_killed_even_where_a_wrapper_hides_the_end_of_its_input()
      throws Exception {
    for (boolean wrapped : List.of(false, true)) {
      List<String> child = new ArrayList<>();
      if (wrapped) {
        child.addAll(List.of("sh", "-c", WRAPPER, folder.toString()));
      }
      child.addAll(Arrays.asList(Children.java(ChildProgram.class, "told", HostProgram.OWN_PID)));
      Process host =
          new ProcessBuilder(Children.java(HostProgram.class, child.toArray(String[]::new)))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (var output = new BufferedReader(new InputStreamReader(host.getInputStream(), UTF_8))) {
        long pid = Long.parseLong(output.readLine());
        assertThat(Children.isAlive(pid)).isTrue();
        host.destroyForcibly();
        Children.awaitDeath(pid);
      } finally {
        host.destroyForcibly();
      }
    }
  }
}
