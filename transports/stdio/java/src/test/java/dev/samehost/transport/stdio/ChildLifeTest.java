package dev.samehost.transport.stdio;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.Peer;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Access;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.FdLink;
import dev.samehost.transport.testkit.Bytes;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The life of real children: what they get, how they serve, and that they end. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@EnabledOnOs(OS.LINUX)
final class ChildLifeTest {
  /** A host that would wait for its child for ever: what ends in these tests ends by itself. */
  private static final TransportOptions PATIENT =
      TransportOptions.NONE.with(StdioOptions.GRACE, Duration.ofHours(1));

  @TempDir Path folder;

  private static String output(TransportOptions options, String script) throws Exception {
    try (Link link = Children.start(options, "sh", "-c", script)) {
      return new String(Bytes.readToEnd(link), UTF_8);
    }
  }

  @Test
  void a_child_inherits_three_descriptors_and_no_others() throws Exception {
    Path file = Files.createFile(folder.resolve("open"));
    // The JDK opens this one close-on-exec, and its selector's descriptors not.
    try (var reader = Files.newBufferedReader(file);
        var selector = Selector.open();
        var channel = SocketChannel.open()) {
      assertThat(reader.ready() || selector.isOpen() || channel.isOpen()).isTrue();
      // The last number is the folder that ls itself has open.
      assertThat(output(Children.IMPATIENT, "exec ls /proc/self/fd")).isEqualTo("0\n1\n2\n3\n");
    }
  }

  @Test
  void a_child_handles_signals_as_if_a_shell_had_started_it() throws Exception {
    String status = output(Children.IMPATIENT, "exec cat /proc/self/status");
    assertThat(status).contains("SigBlk:\t0000000000000000");
    long ignored = Long.parseUnsignedLong(status.replaceAll("(?s).*SigIgn:\t(\\w+).*", "$1"), 16);
    assertThat(ignored & 1L << 12).isEqualTo(0);
  }

  @Test
  void the_pipes_of_a_child_block_as_programs_expect() throws Exception {
    String info = output(Children.IMPATIENT, "exec cat /proc/self/fdinfo/0 /proc/self/fdinfo/1");
    for (String line : info.lines().filter(line -> line.startsWith("flags:")).toList()) {
      assertThat(Integer.parseInt(line.substring(6).strip(), 8) & 0x800).isEqualTo(0);
    }
  }

  @Test
  void a_child_gets_its_words_environment_and_folder() throws Exception {
    TransportOptions options =
        Children.IMPATIENT
            .with(StdioOptions.ENVIRONMENT, Map.of("SAMEHOST_TEST", "grüß dich", "HOME", "/x"))
            .with(StdioOptions.FOLDER, folder);
    try (Link link =
        Children.start(
            options,
            "sh",
            "-c",
            "pwd; echo \"$SAMEHOST_TEST/$HOME/${PATH:+path}\"; printf '<%s>' \"$@\"",
            "sh",
            "a b",
            "",
            "'\"\\$x",
            "世界")) {
      assertThat(new String(Bytes.readToEnd(link), UTF_8))
          .isEqualTo(folder.toRealPath() + "\ngrüß dich//x/path\n<a b><><'\"\\$x><世界>");
    }
  }

  @Test
  void a_java_child_serves_and_ends_by_itself_when_its_input_ends() throws Exception {
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    TransportOptions options = PATIENT.with(StdioOptions.STDERR_LINES, lines::add);
    Link link = Children.start(options, Children.java(ChildProgram.class, "echo"));
    assertThat(Children.readReady(link)).contains("printed before main serves");
    byte[] sent = Bytes.random(1 << 16, 1);
    Bytes.write(link, sent);
    assertThat(Arrays.equals(Bytes.read(link, sent.length), sent)).isTrue();
    link.close();
    assertThat(next(lines)).isEqualTo("ended: STDIO_ENDED");
    Children.awaitDeath(Children.pid(link));
  }

  @Test
  void what_a_child_prints_goes_to_stderr_and_its_input_is_empty() throws Exception {
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    TransportOptions options = PATIENT.with(StdioOptions.STDERR_LINES, lines::add);
    try (Link link =
        Children.start(options, Children.java(ChildProgram.class, "standard-streams"))) {
      Children.readReady(link);
      assertThat(new String(Bytes.readToEnd(link), UTF_8)).isEqualTo("read -1");
      assertThat(next(lines)).isEqualTo("printed to System.out");
    }
  }

  @Test
  void a_process_serves_on_its_standard_streams_once() throws Exception {
    try (Link link = Children.start(PATIENT, Children.java(ChildProgram.class, "second"))) {
      Children.readReady(link);
      assertThat(new String(Bytes.readToEnd(link), UTF_8)).isEqualTo("STDIO_TAKEN");
    }
  }

  @Test
  void a_terminal_is_refused() throws Exception {
    try (Fd terminal = Fd.openSource("/dev/ptmx");
        Fd.Pipe output = Fd.pipe();
        Fd.Pipe error = Fd.pipe()) {
      int pid =
          Spawn.start(
              List.of(Children.java(ChildProgram.class, "busy")),
              Map.of(),
              Path.of(""),
              terminal,
              output.sink(),
              error.sink());
      ChildProcess child = ChildProcess.watch(pid, Thread::new, () -> {});
      error.sink().close();
      error.source().setNonBlocking();
      try (Link words =
          FdLink.toRead(error.source(), Access.NON_BLOCKING, Peer.at("test:stderr"))) {
        assertThat(new String(Bytes.readToEnd(words), UTF_8))
            .contains(Fault.STDIO_TERMINAL.text("input"));
      }
      assertThat(child.awaitEnd(Bytes.PATIENCE_NANOS)).isEqualTo("exited with status 1");
    }
  }

  @Test
  void a_child_that_is_busy_ends_when_its_input_ends() throws Exception {
    Link link = Children.start(PATIENT, Children.java(ChildProgram.class, "busy"));
    Children.readReady(link);
    // Bytes that nobody reads must not hide the end.
    Bytes.write(link, new byte[100]);
    link.close();
    Children.awaitDeath(Children.pid(link));
  }

  @Test
  void a_child_that_ends_by_itself_is_not_cut_short_while_its_host_lives() throws Exception {
    Path note = folder.resolve("note");
    String self = String.valueOf(ProcessHandle.current().pid());
    Link link =
        Children.start(
            PATIENT, Children.java(ChildProgram.class, "slow-end", self, note.toString()));
    Children.readReady(link);
    link.close();
    Children.awaitDeath(Children.pid(link));
    assertThat(Files.readString(note)).isEqualTo("ended by itself");
  }

  @Test
  void a_child_ends_with_a_host_that_is_killed_though_its_input_stays_open() throws Exception {
    Process host = new ProcessBuilder("sleep", "1000").start();
    try (Link link =
        Children.start(
            PATIENT, Children.java(ChildProgram.class, "told", String.valueOf(host.pid())))) {
      Children.readReady(link);
      assertThat(Children.isAlive(Children.pid(link))).isTrue();
      host.destroyForcibly();
      Children.awaitDeath(Children.pid(link));
    } finally {
      host.destroyForcibly();
    }
  }

  @Test
  void an_embedded_server_may_go_on_without_its_host() throws Exception {
    Path note = folder.resolve("note");
    Link link =
        Children.start(PATIENT, Children.java(ChildProgram.class, "embedded", note.toString()));
    Children.readReady(link);
    link.close();
    long pid = Children.pid(link);
    try {
      Children.awaitPath(note, true);
      // Longer than the grace after which a child that is not embedded is ended.
      Thread.sleep(700);
      assertThat(Children.isAlive(pid)).isTrue();
    } finally {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  private static String next(BlockingQueue<String> lines) throws InterruptedException {
    return lines.poll(60, TimeUnit.SECONDS);
  }
}
