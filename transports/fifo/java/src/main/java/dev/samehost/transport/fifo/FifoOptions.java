package dev.samehost.transport.fifo;

import dev.samehost.transport.TransportOptions;
import java.time.Duration;

/** Settings of the scheme {@code fifo:}. */
public final class FifoOptions {
  /**
   * Of both sides: how long the other one may take to say who it is. A listener turns away a
   * connection whose first bytes do not come in this time; 5 seconds unless set.
   */
  public static final TransportOptions.Key<Duration> HELLO_TIMEOUT =
      TransportOptions.Key.of("fifo.hello-timeout", Duration.ofSeconds(5));

  private FifoOptions() {}
}
