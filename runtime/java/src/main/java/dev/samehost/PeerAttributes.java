package dev.samehost;

import dev.samehost.transport.Peer;
import io.grpc.Attributes;
import io.grpc.Grpc;

/** What a call's attributes say of the peer. */
final class PeerAttributes {
  private PeerAttributes() {}

  static Attributes of(Peer peer) {
    return Attributes.newBuilder()
        .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, new PeerAddress(peer.address()))
        .set(SamehostAttributes.PEER, peer)
        .build();
  }
}
