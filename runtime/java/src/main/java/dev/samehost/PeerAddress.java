package dev.samehost;

import java.net.SocketAddress;
import java.util.Objects;

/** The address of a connection, as gRPC wants to have it. Its text is the address. */
final class PeerAddress extends SocketAddress {
  private static final long serialVersionUID = 1;

  private final String address;

  PeerAddress(String address) {
    this.address = Objects.requireNonNull(address);
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
