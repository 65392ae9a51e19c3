package dev.samehost.interop.client;

import dev.samehost.interop.suite.Mismatch;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * The descriptors of this process that a connection or a child might leave behind: sockets, pipes
 * and what the kernel has without a name, but for what the process watches others by, which it
 * keeps. It sees none where there is no {@code /proc}.
 */
final class Descriptors {
  private static final Path OPEN = Path.of("/proc/self/fd");
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final long PAUSE_MILLIS = 20;

  private Descriptors() {}

  /** How many there are. */
  static int count() throws IOException {
    if (!Files.isDirectory(OPEN)) {
      return 0;
    }
    int count = 0;
    try (DirectoryStream<Path> open = Files.newDirectoryStream(OPEN)) {
      for (Path one : open) {
        count += isKernels(one) ? 1 : 0;
      }
    }
    return count;
  }

  private static boolean isKernels(Path descriptor) {
    try {
      String target = Files.readSymbolicLink(descriptor).toString();
      return target.matches("(socket|pipe|anon_inode):(?!\\[eventpoll]).*");
    } catch (IOException e) {
      return false; // closed while it was looked at
    }
  }

  /**
   * Waits until there are no more than so many: a child that does not end holds some for a while.
   */
  static void awaitAtMost(int before) throws Exception {
    long end = System.nanoTime() + PATIENCE_NANOS;
    int now = count();
    while (now > before) {
      Mismatch.unless(
          System.nanoTime() < end,
          "descriptors were left behind: " + before + " before, " + now + " after");
      Thread.sleep(PAUSE_MILLIS);
      now = count();
    }
  }
}
