package dev.samehost.transport;

/**
 * A way for two processes to reach each other, found by the scheme of an address through {@link
 * java.util.ServiceLoader}. An implementation is a public class with a public constructor without
 * parameters, named in {@code META-INF/services/dev.samehost.transport.Transport}.
 */
public interface Transport {
  /** The scheme that this transport serves: {@code unix} for {@code unix:/run/app.sock}. */
  String scheme();

  /**
   * The largest message that a side takes unless it is told otherwise, in bytes; 0 for the wire's
   * default.
   */
  default int maxMessageBytes() {
    return 0;
  }

  /** Whether it reads the option {@link Tls#OPTION}. Where it does not, nobody gives it any. */
  default boolean takesTls() {
    return false;
  }

  /**
   * The calling side of an address. Checks the address; touches nothing else yet.
   *
   * @throws LinkException with code INVALID_ARGUMENT when the address or an option makes no sense
   */
  Connector connector(Address address, TransportOptions options) throws LinkException;

  /**
   * The serving side of an address. Checks the address; touches nothing else yet.
   *
   * @throws LinkException with code INVALID_ARGUMENT when the address or an option makes no sense
   */
  Listener listener(Address address, TransportOptions options) throws LinkException;
}
