package dev.samehost;

import dev.samehost.call.ConnectionObserver;
import dev.samehost.call.Route;
import dev.samehost.transport.Peer;
import io.grpc.Attributes;
import io.grpc.ServerTransportFilter;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The attributes of a server's connections, as its transport filters leave them. */
final class ServerConnections implements ConnectionObserver {
  private static final Logger log = LoggerFactory.getLogger(ServerConnections.class);

  private final List<ServerTransportFilter> filters;
  private final Calling.Options callsBack;

  /** Those whose callers are called back by {@code callsBack}. */
  ServerConnections(List<ServerTransportFilter> filters, Calling.Options callsBack) {
    this.filters = List.copyOf(filters);
    this.callsBack = callsBack;
  }

  @Override
  public Object connected(Peer peer, String medium, Route back) {
    CallerChannel caller = new CallerChannel(new Calling(back, callsBack, peer.tls().isPresent()));
    Attributes attributes = PeerAttributes.of(peer, medium, caller);
    for (ServerTransportFilter filter : filters) {
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
    for (ServerTransportFilter filter : filters) {
      try {
        filter.transportTerminated((Attributes) connection);
      } catch (RuntimeException e) {
        log.error("a transport filter failed", e);
      }
    }
  }
}
