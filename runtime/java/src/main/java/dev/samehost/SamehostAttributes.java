package dev.samehost;

import dev.samehost.transport.Peer;
import io.grpc.Attributes;

/** What samehost adds to the attributes of a call. */
public final class SamehostAttributes {
  /**
   * Who is at the other end of the connection, as the operating system vouches for it: process,
   * user and group, where the transport can tell.
   */
  public static final Attributes.Key<Peer> PEER = Attributes.Key.create("dev.samehost.PEER");

  /**
   * What carries the bytes of a {@code shm:} connection, for people: shared memory, or the socket
   * and why. Null where the address leaves nothing open. A client's call has it once it has a
   * connection.
   */
  public static final Attributes.Key<String> MEDIUM = Attributes.Key.create("dev.samehost.MEDIUM");

  private SamehostAttributes() {}
}
