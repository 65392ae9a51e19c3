package dev.samehost;

import dev.samehost.call.Reception;
import dev.samehost.transport.LinkException;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server over one {@link Reception}: gRPC's names for what that does. */
final class SamehostServer extends Server {
  private final Reception reception;
  private final Services services;
  private boolean started;

  SamehostServer(Reception reception, Services services) {
    this.reception = reception;
    this.services = services;
  }

  @Override
  public synchronized Server start() throws IOException {
    if (started) {
      throw new IllegalStateException("the server was started already");
    }
    if (reception.isShutdown()) {
      throw new IllegalStateException("the server was shut down");
    }
    try {
      reception.start();
    } catch (LinkException e) {
      throw new IOException(e.getMessage(), e); // it may be tried again
    }
    started = true;
    return this;
  }

  /** The port of a server on tcp, the one that it got where 0 was asked for; otherwise -1. */
  @Override
  public int getPort() {
    return PeerAddress.port(reception.address());
  }

  @Override
  public List<? extends SocketAddress> getListenSockets() {
    return List.of(new PeerAddress(reception.address()));
  }

  @Override
  public List<ServerServiceDefinition> getServices() {
    List<ServerServiceDefinition> all = new ArrayList<>(services.immutable());
    all.addAll(services.mutable());
    return List.copyOf(all);
  }

  @Override
  public List<ServerServiceDefinition> getImmutableServices() {
    return services.immutable();
  }

  @Override
  public List<ServerServiceDefinition> getMutableServices() {
    return services.mutable();
  }

  @Override
  public Server shutdown() {
    reception.shutdown();
    return this;
  }

  @Override
  public Server shutdownNow() {
    reception.shutdownNow();
    return this;
  }

  @Override
  public boolean isShutdown() {
    return reception.isShutdown();
  }

  @Override
  public boolean isTerminated() {
    return reception.isTerminated();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return reception.awaitTermination(unit.toNanos(timeout));
  }

  @Override
  public void awaitTermination() throws InterruptedException {
    reception.awaitTermination(Long.MAX_VALUE);
  }

  @Override
  public String toString() {
    return "server at " + reception.address();
  }
}
