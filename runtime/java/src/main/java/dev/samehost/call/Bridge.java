package dev.samehost.call;

import dev.samehost.transport.Connector;
import dev.samehost.transport.Link;
import dev.samehost.wire.Hello;

/**
 * Turns links over which a peer speaks gRPC's HTTP/2 into links of our wire. Found through {@link
 * java.util.ServiceLoader}; without one such peers are turned away. Not for users: they add its
 * jar.
 */
public interface Bridge {
  /**
   * A client's connection as a link whose other end seems to call by our wire: as the same peer,
   * until either end is over. Must not wait.
   *
   * @param http2 the bridge's from now on; its first bytes are a client's preface
   * @param limits of the server
   * @param over is run once, when nothing is left of the connection
   */
  Link accept(Link http2, Hello limits, Runnable over);

  /**
   * Makes links to servers that speak HTTP/2: behind each a server of our wire seems to be.
   *
   * @param connector makes the links over which HTTP/2 is spoken; it is closed by whoever gave it
   * @param limits of the channel
   */
  Connector over(Connector connector, Hello limits);
}
