package dev.samehost.transport.tcp;

import dev.samehost.transport.TransportOptions;
import java.time.Duration;

/** Settings of the scheme {@code tcp:}. */
public final class TcpOptions {
  /**
   * Of both sides: how long the other one may take to say who it is. A listener turns away a
   * connection whose first bytes do not come in this time; 5 seconds unless set.
   */
  public static final TransportOptions.Key<Duration> HELLO_TIMEOUT =
      TransportOptions.Key.of("tcp.hello-timeout", Duration.ofSeconds(5));

  /**
   * Of both sides: whether addresses other than loopback ones are connected to and listened on,
   * though nothing is encrypted and anyone may connect; false unless set. With TLS nobody needs it.
   */
  public static final TransportOptions.Key<Boolean> PLAIN_TEXT_BEYOND_HOST =
      TransportOptions.Key.of("tcp.plain-text-beyond-host", false);

  private TcpOptions() {}
}
