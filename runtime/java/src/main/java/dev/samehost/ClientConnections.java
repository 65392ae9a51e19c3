package dev.samehost;

import dev.samehost.call.ConnectionObserver;
import dev.samehost.call.Route;
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
  private final Calling.Options callsBack; // null where no services are offered

  /** Those whose servers may call, and are called back by {@code callsBack}, unless it is null. */
  ClientConnections(List<ClientTransportFilter> filters, Calling.Options callsBack) {
    this.filters = List.copyOf(filters);
    this.callsBack = callsBack;
  }

  @Override
  public Object connected(Peer peer, String medium, Route back) {
    CallerChannel caller =
        callsBack == null
            ? null
            : new CallerChannel(new Calling(back, callsBack, peer.tls().isPresent()));
    Attributes attributes = PeerAttributes.of(peer, medium, caller);
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
