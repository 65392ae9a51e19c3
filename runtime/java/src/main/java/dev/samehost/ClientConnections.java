package dev.samehost;

import dev.samehost.call.ConnectionObserver;
import dev.samehost.transport.Peer;
import io.grpc.Attributes;
import io.grpc.ClientTransportFilter;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The attributes of a channel's connections, as its transport filters leave them. */
final class ClientConnections implements ConnectionObserver {
  private static final Logger log = LoggerFactory.getLogger(ClientConnections.class);

  private final List<ClientTransportFilter> filters;

  ClientConnections(List<ClientTransportFilter> filters) {
    this.filters = List.copyOf(filters);
  }

  @Override
  public Object connected(Peer peer, String medium) {
    Attributes attributes = PeerAttributes.of(peer, medium);
    for (ClientTransportFilter filter : filters) {
      try {
        attributes = filter.transportReady(attributes);
      } catch (RuntimeException e) {
        log.error("a transport filter failed", e);
      }
    }
    return attributes;
  }

  @Override
  public void disconnected(Object connection) {
    for (ClientTransportFilter filter : filters) {
      try {
        filter.transportTerminated((Attributes) connection);
      } catch (RuntimeException e) {
        log.error("a transport filter failed", e);
      }
    }
  }
}
