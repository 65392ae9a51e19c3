package dev.samehost.bridge;

import java.net.SocketAddress;

/** The address of a link, as Netty and gRPC want to have it. */
public final class LinkAddress extends SocketAddress {
  private static final long serialVersionUID = 1;

  private final String text;

  /** The address of a link by its text. */
  public LinkAddress(String text) {
    this.text = text;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LinkAddress that && text.equals(that.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }
}
