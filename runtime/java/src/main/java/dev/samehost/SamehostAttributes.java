package dev.samehost;

import dev.samehost.transport.Peer;
import io.grpc.Attributes;
import io.grpc.Channel;

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

  /**
   * A channel back to whoever has made the call that is being served, over the connection by which
   * it came; the caller serves what its channel was built with ({@link
   * SamehostChannelBuilder#addService}). It may be kept when the call is over, and be used by any
   * thread. It makes no connection: once that one has ended, or takes no more calls, a call fails
   * at once as unavailable. Nothing has to be shut down.
   */
  public static final Attributes.Key<Channel> CALLER = Attributes.Key.create("dev.samehost.CALLER");

  private SamehostAttributes() {}
}
