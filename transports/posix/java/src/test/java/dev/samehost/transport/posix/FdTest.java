package dev.samehost.transport.posix;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

final class FdTest {
  @TempDir Path folder;

  @Test
  void is_closed_once_though_closed_twice() throws Exception {
    Fd first = Fd.openOrCreate(folder.resolve("a").toString());
    int number = first.number();
    first.close();
    try (Fd second = Fd.openOrCreate(folder.resolve("b").toString())) {
      assertThat(second.number()).isEqualTo(number);
      first.close();
      // Fails with EBADF if it was the second one that was closed.
      second.setNonBlocking();
    }
  }

  @Test
  void a_failure_tells_the_call_and_why() {
    SystemCallException failure =
        assertThrows(
            SystemCallException.class, () -> Fd.openSource(folder.resolve("none").toString()));
    assertThat(failure.operation()).isEqualTo("open");
    assertThat(failure.error()).isEqualTo("No such file or directory (ENOENT)");
    assertThat(Errno.ENOENT.is(failure.errno())).isTrue();
  }

  @Test
  void an_unknown_number_is_described_by_the_system() {
    assertThat(Errno.describe(39)).endsWith("(errno 39)");
  }

  @Test
  void tells_sockets_and_terminals_from_pipes() throws Exception {
    try (Fd.Pipe pipe = Fd.pipe()) {
      assertThat(Fd.isSocket(pipe.source().number())).isFalse();
      assertThat(Fd.isTerminal(pipe.source().number())).isFalse();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void every_descriptor_is_close_on_exec_and_above_the_standard_ones() throws Exception {
    try (Fd.Pipe pipe = Fd.pipe();
        Fd file = Fd.openOrCreate(folder.resolve("a").toString());
        Fd second = Fd.duplicate(file.number())) {
      for (Fd fd : new Fd[] {pipe.source(), pipe.sink(), file, second}) {
        assertThat(fd.number()).isGreaterThan(2);
        String info = Files.readString(Path.of("/proc/self/fdinfo/" + fd.number()));
        int flags = Integer.parseInt(info.replaceAll("(?s).*flags:\\s*([0-7]+).*", "$1"), 8);
        assertThat(flags & Os.O_CLOEXEC).isEqualTo(Os.O_CLOEXEC);
      }
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void reopening_a_pipe_leaves_the_mode_of_the_inherited_description_alone() throws Exception {
    try (Fd.Pipe pipe = Fd.pipe();
        Fd own = Fd.openSource("/proc/self/fd/" + pipe.source().number())) {
      assertThat(flags(own) & Os.O_NONBLOCK).isEqualTo(Os.O_NONBLOCK);
      assertThat(flags(pipe.source()) & Os.O_NONBLOCK).isEqualTo(0);
    }
  }

  private static int flags(Fd fd) throws Exception {
    byte[] info = Files.readAllBytes(Path.of("/proc/self/fdinfo/" + fd.number()));
    return Integer.parseInt(
        new String(info, StandardCharsets.US_ASCII).replaceAll("(?s).*flags:\\s*([0-7]+).*", "$1"),
        8);
  }
}
