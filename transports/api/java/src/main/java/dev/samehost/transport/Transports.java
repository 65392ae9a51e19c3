package dev.samehost.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/** Finds the transport of an address among those on the class path. */
public final class Transports {
  private Transports() {}

  /**
   * The transport whose scheme the address has.
   *
   * @throws LinkException with code INVALID_ARGUMENT, naming the schemes that were found
   */
  public static Transport find(Address address) throws LinkException {
    List<String> schemes = new ArrayList<>();
    for (Transport transport :
        ServiceLoader.load(Transport.class, Transport.class.getClassLoader())) {
      if (transport.scheme().equals(address.scheme())) {
        return transport;
      }
      schemes.add(transport.scheme());
    }
    schemes.sort(null);
    throw Fault.SCHEME_UNKNOWN.with(
        address, address.scheme(), schemes.isEmpty() ? "none" : String.join(", ", schemes));
  }
}
