package dev.samehost.transport.stdio;

import dev.samehost.transport.TransportOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Settings of the scheme {@code stdio:}, for the host's channels and the child's server. */
public final class StdioOptions {
  /**
   * In the host: the program and its arguments, instead of the words of the address, which then
   * only names the child in errors. Empty unless set.
   */
  public static final TransportOptions.Key<List<String>> ARGUMENTS =
      TransportOptions.Key.of("stdio.arguments", List.of());

  /** In the host: variables that are set in the child's environment besides the host's. */
  public static final TransportOptions.Key<Map<String, String>> ENVIRONMENT =
      TransportOptions.Key.of("stdio.environment", Map.of());

  /** In the host: the folder that the child starts in; the host's unless set. */
  public static final TransportOptions.Key<Path> FOLDER =
      TransportOptions.Key.of("stdio.folder", Path.of(""));

  /**
   * In the host: who takes the lines that the child writes to its standard error, without their
   * ends; called by one thread of the child's own. Unless set they are logged at the level INFO, by
   * the logger {@code dev.samehost.transport.stdio.child}: the JDK's of that name, which writes to
   * standard error, where the application has no binding of SLF4J.
   */
  public static final TransportOptions.Key<Consumer<String>> STDERR_LINES =
      TransportOptions.Key.of("stdio.stderr-lines", StderrLog::take);

  /** In the host: how long a child may take to say HELLO; 30 seconds unless set. */
  public static final TransportOptions.Key<Duration> HELLO_TIMEOUT =
      TransportOptions.Key.of("stdio.hello-timeout", Duration.ofSeconds(30));

  /** In the host: how many bytes a child may print before its preface; 65,536 unless set. */
  public static final TransportOptions.Key<Integer> NOISE_LIMIT =
      TransportOptions.Key.of("stdio.noise-limit", 65_536);

  /**
   * In the host: how long a child may take to end after its standard input has ended, and again
   * after SIGTERM, before it is killed; 2 seconds unless set.
   */
  public static final TransportOptions.Key<Duration> GRACE =
      TransportOptions.Key.of("stdio.grace", Duration.ofSeconds(2));

  /**
   * In the child: whether this process ends when its host has closed its standard input or has
   * died, even while its own code is busy; true unless set. Not for a program that serves on its
   * standard input and output and then has something else to do.
   */
  public static final TransportOptions.Key<Boolean> EXIT_WITH_HOST =
      TransportOptions.Key.of("stdio.exit-with-host", true);

  /**
   * In the child: how long this process may take to end by itself then; 500 milliseconds unless
   * set.
   */
  public static final TransportOptions.Key<Duration> EXIT_GRACE =
      TransportOptions.Key.of("stdio.exit-grace", Duration.ofMillis(500));

  private StdioOptions() {}
}
