package dev.samehost.transport.stdio;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import dev.samehost.transport.testkit.Shortage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Starting a child in a process that has (nearly) no descriptors left. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@EnabledOnOs(OS.LINUX)
final class NoDescriptorsTest {
  /** More than a start needs. */
  private static final int MOST = 12;

  @Test
  void a_start_that_finds_too_few_descriptors_fails_and_leaves_none_behind() throws Exception {
    // What is loaded from files is loaded now.
    Children.start(Children.IMPATIENT, "cat").close();
    assertThrows(LinkException.class, () -> Children.start(Children.IMPATIENT, "/no/program"));
    new Shortage(0).close();
    int failures = 0;
    for (int free = 0; free < MOST; free++) {
      int before = Descriptors.count();
      try (Shortage unused = new Shortage(free)) {
        Children.start(Children.IMPATIENT, "cat").close();
      } catch (LinkException e) {
        failures++;
        assertThat(e.fault()).isEqualTo(Fault.NO_DESCRIPTORS);
        assertThat(e).hasMessageThat().contains("Too many open files (EMFILE)");
      }
      Descriptors.awaitAtMost(before);
    }
    assertThat(failures).isAtLeast(8); // three pipes, two eventfds
    assertThat(failures).isLessThan(MOST);
  }
}
