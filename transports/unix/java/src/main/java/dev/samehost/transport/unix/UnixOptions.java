package dev.samehost.transport.unix;

import dev.samehost.transport.TransportOptions;
import java.time.Duration;
import java.util.Set;

/** Settings of the schemes {@code unix:} and {@code unix-abstract:}. */
public final class UnixOptions {
  /**
   * Of both sides: how long the other one may take to say who it is. A listener turns away a
   * connection whose first bytes do not come in this time; 5 seconds unless set.
   */
  public static final TransportOptions.Key<Duration> HELLO_TIMEOUT =
      TransportOptions.Key.of("unix.hello-timeout", Duration.ofSeconds(5));

  /**
   * Of a listener: the ids of the users who may connect, besides the one that the listener runs as;
   * none unless set. With any the mode of a {@code unix:} path is 0666 instead of 0600, and the
   * check of each peer is what keeps the rest out.
   */
  public static final TransportOptions.Key<Set<Long>> ALLOWED_USERS =
      TransportOptions.Key.of("unix.allowed-users", Set.of());

  /** Of a listener: whether every user may connect, with the mode 0666; false unless set. */
  public static final TransportOptions.Key<Boolean> ANY_USER =
      TransportOptions.Key.of("unix.any-user", false);

  private UnixOptions() {}
}
