package dev.samehost;

import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Tls;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import java.util.Optional;

/** The credentials for TLS among a transport's options, as channels and servers hand them on. */
final class TlsOption {
  private TlsOption() {}

  /**
   * The options as they are, where the transport takes what they say of TLS.
   *
   * @param serverName whose certificate a server is to have; null for the address's host
   */
  static TransportOptions checked(
      TransportOptions options, Transport transport, Address address, String serverName)
      throws LinkException {
    Optional<Tls> tls = options.get(Tls.OPTION);
    if (tls.isPresent() && !transport.takesTls()) {
      throw Fault.TLS_NOT_TAKEN.with(address, address.scheme());
    }
    return tls.isEmpty() || serverName == null
        ? options
        : options.with(Tls.OPTION, tls.map(one -> one.expecting(serverName)));
  }

  static boolean isSet(TransportOptions options) {
    return options.get(Tls.OPTION).isPresent();
  }

  /** The host of an authority: without a port, and without the brackets of IPv6. */
  static String host(String authority) {
    if (authority.startsWith("[")) {
      int end = authority.indexOf(']');
      return authority.substring(1, end < 0 ? authority.length() : end);
    }
    int colon = authority.indexOf(':');
    boolean hasPort = colon >= 0 && colon == authority.lastIndexOf(':');
    return hasPort ? authority.substring(0, colon) : authority;
  }
}
