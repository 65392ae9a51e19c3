package dev.samehost.transport.stdio;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Starting a child in a process that can have no more threads. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class NoThreadsTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void a_child_that_nobody_can_watch_over_is_ended(int possible) throws Exception {
    Children.start(Children.IMPATIENT, "cat").close(); // loads what is loaded from files
    int descriptors = Descriptors.count();
    List<ProcessHandle> before = ProcessHandle.current().children().toList();
    // It does not look at its input, so that it would outlive the end of that.
    List<String> words = List.of("sleep", "1000");
    AtomicInteger made = new AtomicInteger();
    ThreadFactory threads =
        task -> {
          if (made.getAndIncrement() == possible) {
            throw new OutOfMemoryError("no thread, for this test");
          }
          return new Thread(task);
        };
    StdioConnector connector =
        new StdioConnector(new Address("stdio", "sleep 1000"), words, Children.IMPATIENT, threads);

    assertThrows(OutOfMemoryError.class, () -> connector.connect(Bytes.PATIENCE_NANOS));

    assertThat(made.get()).isEqualTo(possible + 1);
    for (ProcessHandle child : ProcessHandle.current().children().toList()) {
      if (!before.contains(child)) {
        Children.awaitDeath(child.pid());
      }
    }
    Descriptors.awaitAtMost(descriptors);
  }
}
