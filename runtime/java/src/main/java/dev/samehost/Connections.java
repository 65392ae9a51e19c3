package dev.samehost;

import dev.samehost.call.ConnectionObserver;
import dev.samehost.call.Route;
import dev.samehost.transport.Peer;
import io.grpc.Attributes;
import io.grpc.ClientTransportFilter;
import io.grpc.ServerTransportFilter;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The attributes of the connections of a channel or of a server, as transport filters leave them.
 *
 * @param <F> gRPC's filters of channels or of servers, which share no type
 */
final class Connections<F> implements ConnectionObserver {
  private static final Logger log = LoggerFactory.getLogger(Connections.class);

  private final List<F> filters;
  private final BiFunction<F, Attributes, Attributes> ready;
  private final BiConsumer<F, Attributes> terminated;
  private final Calling.Options callsBack; // null where peers do not call

  private Connections(
      List<F> filters,
      BiFunction<F, Attributes, Attributes> ready,
      BiConsumer<F, Attributes> terminated,
      Calling.Options callsBack) {
    this.filters = List.copyOf(filters);
    this.ready = ready;
    this.terminated = terminated;
    this.callsBack = callsBack;
  }

  /** Of a channel whose servers may call, and are called back so; null where they may not. */
  static ConnectionObserver ofChannel(
      List<ClientTransportFilter> filters, Calling.Options callsBack) {
    return new Connections<>(
        filters,
        ClientTransportFilter::transportReady,
        ClientTransportFilter::transportTerminated,
        callsBack);
  }

  /** Of a server whose callers are called back so. */
  static ConnectionObserver ofServer(
      List<ServerTransportFilter> filters, Calling.Options callsBack) {
    return new Connections<>(
        filters,
        ServerTransportFilter::transportReady,
        ServerTransportFilter::transportTerminated,
        callsBack);
  }

  @Override
  public Object connected(Peer peer, String medium, Route back) {
    CallerChannel caller =
        callsBack == null
            ? null
            : new CallerChannel(new Calling(back, callsBack, peer.tls().isPresent()));
    Attributes attributes = PeerAttributes.of(peer, medium, caller);
    for (F filter : filters) {
      try {
        attributes = ready.apply(filter, attributes);
      } catch (RuntimeException e) {
        log.error("a transport filter failed", e);
      }
    }
    return attributes;
  }

  @Override
  public void disconnected(Object connection) {
    for (F filter : filters) {
      try {
        terminated.accept(filter, (Attributes) connection);
      } catch (RuntimeException e) {
        log.error("a transport filter failed", e);
      }
    }
  }
}
