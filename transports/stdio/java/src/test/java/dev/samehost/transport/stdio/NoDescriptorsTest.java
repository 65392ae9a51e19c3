package dev.samehost.transport.stdio;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.jna.NativeLibrary;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import java.io.File;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Starting a child in a process that has (nearly) no descriptors left. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@EnabledOnOs(OS.LINUX)
final class NoDescriptorsTest {
  private static final int RLIMIT_NOFILE = 7;

  /** More than a start needs. */
  private static final int MOST = 12;

  /** All descriptors of the process are in use but so many, until this is closed. */
  private static final class Shortage implements AutoCloseable {
    private final ByteBuffer usual = NativeMemory.zeros(16);
    private final Deque<Fd> taken = new ArrayDeque<>();

    Shortage(int free) throws SystemCallException {
      limit("getrlimit", usual);
      ByteBuffer low = NativeMemory.zeros(16);
      low.putLong(0, highest() + MOST + 1).putLong(8, usual.getLong(8));
      limit("setrlimit", low);
      try {
        while (true) {
          taken.push(Fd.duplicate(0));
        }
      } catch (SystemCallException e) {
        for (int i = 0; i < free; i++) {
          taken.pop().close();
        }
      }
    }

    private static int highest() {
      int highest = 0;
      for (String number : new File("/proc/self/fd").list()) {
        highest = Math.max(highest, Integer.parseInt(number));
      }
      return highest;
    }

    private static void limit(String call, ByteBuffer limits) {
      Object[] arguments = {RLIMIT_NOFILE, NativeMemory.address(limits)};
      assertWithMessage(call)
          .that(NativeLibrary.getProcess().getFunction(call).invokeInt(arguments))
          .isEqualTo(0);
    }

    @Override
    public void close() {
      limit("setrlimit", usual);
      taken.forEach(Fd::close);
    }
  }

  @Test
  void a_start_that_finds_too_few_descriptors_fails_and_leaves_none_behind() throws Exception {
    // What is loaded from files is loaded now.
    Children.start(Children.IMPATIENT, "cat").close();
    assertThrows(LinkException.class, () -> Children.start(Children.IMPATIENT, "/no/program"));
    try (Shortage shortage = new Shortage(0)) {
      assertThat(shortage.taken).isNotEmpty();
    }
    int failures = 0;
    for (int free = 0; free < MOST; free++) {
      int before = Descriptors.count();
      try (Shortage shortage = new Shortage(free)) {
        Children.start(Children.IMPATIENT, "cat").close();
        assertThat(shortage.taken).isNotEmpty();
      } catch (LinkException e) {
        failures++;
        assertThat(e.fault()).isEqualTo(Fault.CONNECT_FAILED);
        assertThat(e).hasMessageThat().contains("Too many open files (EMFILE)");
      }
      Descriptors.awaitAtMost(before);
    }
    assertThat(failures).isAtLeast(8); // three pipes, two eventfds
    assertThat(failures).isLessThan(MOST);
  }
}
