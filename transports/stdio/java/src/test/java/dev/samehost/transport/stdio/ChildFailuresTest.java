package dev.samehost.transport.stdio;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Children that do not do as they should, and what the host says of each. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
@EnabledOnOs(OS.LINUX)
final class ChildFailuresTest {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  @TempDir Path folder;

  private static LinkException failureOf(TransportOptions options, String... arguments) {
    return assertThrows(LinkException.class, () -> Children.start(options, arguments).close());
  }

  private static Link shell(String script) throws Exception {
    return Children.start(Children.IMPATIENT, "sh", "-c", script);
  }

  private static LinkException ended(Fault fault, Link link) {
    return fault.with(link.peer().address());
  }

  @Test
  void a_program_that_is_not_there_is_named_with_the_reason() throws Exception {
    failureOf(TransportOptions.NONE, "samehost-no-such-program");
    int before = Descriptors.count();
    LinkException failure = failureOf(TransportOptions.NONE, "samehost-no-such-program", "-x");
    assertThat(failure.fault()).isEqualTo(Fault.SPAWN_FAILED);
    assertThat(failure.code()).isEqualTo(Code.UNAVAILABLE);
    assertThat(failure)
        .hasMessageThat()
        .isEqualTo(
            "connecting to stdio:samehost-no-such-program -x: cannot start"
                + " samehost-no-such-program: No such file or directory (ENOENT). Is it on the PATH,"
                + " and executable?");
    Descriptors.awaitAtMost(before);
  }

  @Test
  void a_file_that_is_no_program_is_named_with_the_reason() {
    LinkException failure = failureOf(TransportOptions.NONE, folder.toString());
    assertThat(failure).hasMessageThat().contains("Permission denied (EACCES)");
  }

  @Test
  void a_folder_that_is_not_there_is_named() {
    LinkException failure =
        failureOf(TransportOptions.NONE.with(StdioOptions.FOLDER, folder.resolve("none")), "true");
    assertThat(failure.fault()).isEqualTo(Fault.SPAWN_FAILED);
    assertThat(failure).hasMessageThat().contains(folder.resolve("none").toString());
  }

  @Test
  void an_address_without_a_command_or_with_an_open_quote_is_refused() {
    for (String rest : List.of("", "  ", "a 'b", "a \"b", "a\\", "a\0b")) {
      LinkException failure =
          assertThrows(
              LinkException.class,
              () ->
                  new StdioTransport()
                      .connector(new Address("stdio", rest), TransportOptions.NONE));
      assertThat(failure.fault()).isEqualTo(Fault.ADDRESS_MALFORMED);
    }
    LinkException failure =
        assertThrows(
            LinkException.class,
            () ->
                new StdioTransport()
                    .listener(new Address("stdio", "worker"), TransportOptions.NONE));
    assertThat(failure.fault()).isEqualTo(Fault.ADDRESS_MALFORMED);
  }

  @Test
  void one_that_dies_at_once_is_told_with_status_noise_and_last_words() throws Exception {
    try (Link link = shell("echo Starting...; echo first >&2; echo 'no such module' >&2; exit 3")) {
      byte[] noise = Bytes.readToEnd(link);
      LinkException failure =
          link.explainSilence(
              ended(Fault.PEER_GONE_BEFORE_HELLO, link), ByteBuffer.wrap(noise), noise.length);
      assertThat(failure.fault()).isEqualTo(Fault.CHILD_GONE_BEFORE_HELLO);
      assertThat(failure)
          .hasMessageThat()
          .isEqualTo(
              link.peer().address()
                  + ": the child (pid "
                  + Children.pid(link)
                  + ") exited with status 3 before it said HELLO. Its standard output:"
                  + " \"Starting...\". Its last lines on stderr: first\nno such module");
    }
  }

  @Test
  void one_that_was_killed_is_told_with_its_signal() throws Exception {
    try (Link link = shell("kill -9 $$")) {
      assertThat(Bytes.readToEnd(link)).isEmpty();
      LinkException failure = link.explain(ended(Fault.LINK_ENDED, link));
      assertThat(failure.fault()).isEqualTo(Fault.CHILD_GONE);
      assertThat(failure)
          .hasMessageThat()
          .contains("was killed by signal 9 (SIGKILL) with calls open. Its last lines on stderr:");
    }
  }

  @Test
  void one_that_closes_its_output_and_lives_on_is_told_apart() throws Exception {
    try (Link link = shell("exec sleep 1000 >&-")) {
      assertThat(Bytes.readToEnd(link)).isEmpty();
      assertThat(link.explain(ended(Fault.LINK_ENDED, link)).fault()).isEqualTo(Fault.CHILD_CLOSED);
      assertThat(link.explainSilence(ended(Fault.PEER_GONE_BEFORE_HELLO, link), NOTHING, 0))
          .hasMessageThat()
          .contains(
              "closed its standard output before it said HELLO. Its standard output: nothing");
    }
  }

  @Test
  void one_that_says_nothing_or_only_noise_is_told_apart() throws Exception {
    try (Link link = shell("exec sleep 1000")) {
      LinkException silent =
          link.explainSilence(Fault.PEER_SILENT.with(link.peer().address(), "30"), NOTHING, 0);
      assertThat(silent.fault()).isEqualTo(Fault.CHILD_SILENT);
      assertThat(silent).hasMessageThat().contains("said no HELLO within 30 s.");
      LinkException noisy =
          link.explainSilence(
              Fault.PEER_NONSENSE.with(link.peer().address(), "..."),
              ByteBuffer.wrap("y\ny\n".getBytes(UTF_8)),
              65_536);
      assertThat(noisy.fault()).isEqualTo(Fault.CHILD_NOISE);
      assertThat(noisy)
          .hasMessageThat()
          .contains("printed 65536 bytes to standard output and no HELLO.");
      assertThat(noisy).hasMessageThat().contains("Its standard output: \"y y ...\".");
    }
  }

  @Test
  void faults_of_the_wire_are_left_as_they_are() throws Exception {
    try (Link link = shell("exec sleep 1000")) {
      LinkException malformed = Fault.MALFORMED.with("a", "PROTOCOL_ERROR", "b");
      assertThat(link.explain(malformed)).isSameInstanceAs(malformed);
      assertThat(link.explainSilence(malformed, NOTHING, 0)).isSameInstanceAs(malformed);
    }
  }

  @Test
  void one_that_ends_with_its_input_gets_no_signal() throws Exception {
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    TransportOptions patient =
        TransportOptions.NONE
            .with(StdioOptions.GRACE, Duration.ofMinutes(10))
            .with(StdioOptions.STDERR_LINES, lines::add);
    try (Link link =
        Children.start(
            patient, "sh", "-c", "trap 'echo TERM >&2' TERM; cat >/dev/null; echo bye >&2")) {
      assertThat(link.peer().processId()).isPresent();
    }
    assertThat(lines.poll(60, TimeUnit.SECONDS)).isEqualTo("bye");
  }
}
