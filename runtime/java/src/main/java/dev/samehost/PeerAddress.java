package dev.samehost;

import io.grpc.SecurityLevel;
import java.net.SocketAddress;
import java.util.Objects;

/** The address of a connection, as gRPC wants to have it. Its text is the address. */
final class PeerAddress extends SocketAddress {
  private static final long serialVersionUID = 1;

  private final String address;

  PeerAddress(String address) {
    this.address = Objects.requireNonNull(address);
  }

  /**
   * How safe what is sent there is. Inside a host no byte leaves it, and nobody but the peer can
   * read it; beyond it that takes TLS.
   */
  static SecurityLevel security(String address, boolean isSecret) {
    return address.startsWith("tcp:") && !isSecret
        ? SecurityLevel.NONE
        : SecurityLevel.PRIVACY_AND_INTEGRITY;
  }

  /** The port in an address of a server on tcp; -1 in any other. */
  static int port(String address) {
    return address.startsWith("tcp:")
        ? Integer.parseInt(address.substring(address.lastIndexOf(':') + 1))
        : -1;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PeerAddress that && address.equals(that.address);
  }

  @Override
  public int hashCode() {
    return address.hashCode();
  }

  @Override
  public String toString() {
    return address;
  }
}
