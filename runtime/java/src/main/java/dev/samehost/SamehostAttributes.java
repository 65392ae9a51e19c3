package dev.samehost;

import dev.samehost.transport.Peer;
import io.grpc.Attributes;

/** What samehost adds to the attributes of a call. */
public final class SamehostAttributes {
  /**
   * Who is at the other end of the connection, as the operating system vouches for it: process,
   * user and group, where the transport can tell. Set on the server's calls.
   */
  public static final Attributes.Key<Peer> PEER = Attributes.Key.create("dev.samehost.PEER");

  private SamehostAttributes() {}
}
