package dev.samehost;

import dev.samehost.transport.Peer;
import io.grpc.Attributes;
import io.grpc.Channel;
import io.grpc.Grpc;

/**
 * What the attributes of a connection's calls say. Both ends of a connection inside a host have one
 * address.
 */
final class PeerAttributes {
  private PeerAttributes() {}

  /** Of a connection over which the peer can be called by {@code caller}, unless it is null. */
  static Attributes of(Peer peer, String medium, Channel caller) {
    PeerAddress address = new PeerAddress(peer.address());
    Attributes.Builder attributes =
        Attributes.newBuilder()
            .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, address)
            .set(Grpc.TRANSPORT_ATTR_LOCAL_ADDR, address)
            .set(SamehostAttributes.PEER, peer);
    peer.tls().ifPresent(session -> attributes.set(Grpc.TRANSPORT_ATTR_SSL_SESSION, session));
    if (!medium.isEmpty()) {
      attributes.set(SamehostAttributes.MEDIUM, medium);
    }
    if (caller != null) {
      attributes.set(SamehostAttributes.CALLER, caller);
    }
    return attributes.build();
  }
}
