package dev.samehost.transport.testkit;

import static com.google.common.truth.Truth.assertThat;

import java.io.File;
import org.junit.jupiter.api.Test;

/**
 * The promise of a link that lives in file descriptors: it frees them all. For a transport on a
 * system that lists a process's descriptors at {@code /proc/self/fd}.
 */
public interface DescriptorsContract {
  /** A new link, as in {@link LinkContractTest#open}. */
  LinkEnds open() throws Exception;

  @Test
  default void a_hundred_links_leave_no_descriptor_behind() throws Exception {
    // The first one makes what a process makes once.
    open().close();
    int before = Descriptors.count();
    for (int i = 0; i < 100; i++) {
      try (LinkEnds link = open()) {
        Bytes.write(link.near(), new byte[100]);
        Bytes.read(link.far(), 50);
      }
    }
    Descriptors.awaitAtMost(before);
  }

  @Test
  default void an_open_link_holds_descriptors_that_this_suite_sees() throws Exception {
    int during;
    try (LinkEnds link = open()) {
      assertThat(link.near()).isNotNull();
      during = Descriptors.count();
    }
    Descriptors.awaitAtMost(during - 1);
  }

  /** The descriptors of this process. */
  final class Descriptors {
    private Descriptors() {}

    /** How many there are. */
    public static int count() {
      String[] numbers = new File("/proc/self/fd").list();
      if (numbers == null) {
        throw new AssertionError("this system does not list descriptors at /proc/self/fd");
      }
      return numbers.length;
    }

    /** Waits until no more than {@code limit} are left: some are closed by other threads. */
    public static void awaitAtMost(int limit) throws InterruptedException {
      long start = System.nanoTime();
      while (count() > limit) {
        assertThat(System.nanoTime() - start).isLessThan(Bytes.PATIENCE_NANOS);
        Thread.sleep(5);
      }
    }
  }
}
