package dev.samehost;

import dev.samehost.wire.Hello;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process says of itself in HELLO. */
final class Identity {
  private static final String IMPLEMENTATION = "samehost-java/" + version();
  private static final long PID_NAMESPACE = pidNamespace();

  /**
   * As much as grpc-java grants a stream. With a quarter of it a message of 1 MiB waits for credit
   * up to six times, and a call took some 15 % longer.
   */
  static final int INITIAL_CREDIT = 1 << 20;

  private Identity() {}

  /** This process, with the codecs and limits of a channel or server. */
  static Hello hello(
      Encodings encodings,
      int initialCredit,
      int maxMessageBytes,
      int maxMetadataBytes,
      int maxStreams) {
    return Hello.of(
            IMPLEMENTATION, ProcessHandle.current().pid(), PID_NAMESPACE, encodings.features())
        .withLimits(initialCredit, maxMessageBytes, maxMetadataBytes, maxStreams);
  }

  private static String version() {
    String version = Identity.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  /** The inode of this process's pid namespace, 0 where the system has none. */
  private static long pidNamespace() {
    try {
      return ((Number) Files.getAttribute(Path.of("/proc/self/ns/pid"), "unix:ino")).longValue();
    } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
      return 0; // not Linux
    }
  }
}
