package dev.samehost.call;

import dev.samehost.transport.Connector;
import dev.samehost.transport.Link;
import dev.samehost.wire.Hello;
import dev.samehost.wire.Preface;
import java.util.function.Function;

/**
 * Turns links over which a peer speaks another protocol into links of our wire. Found through
 * {@link java.util.ServiceLoader}; without one such peers are turned away. Not for users: they add
 * its jar.
 */
public interface Bridge {
  /** What peers speak that it is for. */
  Preface.Verdict protocol();

  /**
   * A client's connection as a link whose other end seems to call by our wire: as the same peer,
   * until either end is over. Must not wait.
   *
   * @param link the bridge's from now on; its first bytes are a client's
   * @param over is run once, when nothing is left of the connection
   */
  Link accept(Link link, Host host, Runnable over);

  /**
   * What a bridge knows of the server whose clients it serves.
   *
   * @param limits of the server
   * @param helloTimeoutNanos how long a client may take to say what it wants
   * @param methods what the surface knows of the method of a path such as {@code
   *     /package.Service/Method}; null when there is none
   */
  record Host(Hello limits, long helloTimeoutNanos, Function<String, Object> methods) {}

  /**
   * Makes links to servers that speak the protocol: behind each a server of our wire seems to be.
   *
   * @param connector makes the links over which it is spoken; it is closed by whoever gave it
   * @param limits of the channel
   * @return null where there are no servers that could be called
   */
  Connector over(Connector connector, Hello limits);
}
