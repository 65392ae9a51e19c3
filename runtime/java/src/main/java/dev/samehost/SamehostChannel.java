package dev.samehost;

import dev.samehost.call.Connectivity;
import dev.samehost.call.Dialer;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import java.util.concurrent.TimeUnit;

/** A channel over one {@link Dialer}: gRPC's names for what that does. */
final class SamehostChannel extends ManagedChannel {
  private final Dialer dialer;
  private final Calling calling;

  SamehostChannel(Dialer dialer, Calling.Options options, boolean isSecret) {
    this.dialer = dialer;
    this.calling = new Calling(dialer, options, isSecret);
  }

  @Override
  public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
    return calling.newCall(method, options);
  }

  @Override
  public String authority() {
    return calling.options().authority();
  }

  @Override
  public ConnectivityState getState(boolean requestConnection) {
    if (requestConnection) {
      dialer.connectNow();
    }
    return ConnectivityState.valueOf(dialer.state().name());
  }

  @Override
  public void notifyWhenStateChanged(ConnectivityState source, Runnable callback) {
    dialer.whenStateChanges(Connectivity.State.valueOf(source.name()), callback);
  }

  /** Calls that are open go on; the next one makes a connection of its own, and a child too. */
  @Override
  public void enterIdle() {
    dialer.rest();
  }

  @Override
  public void resetConnectBackoff() {
    dialer.connectSooner();
  }

  @Override
  public ManagedChannel shutdown() {
    dialer.shutdown();
    return this;
  }

  @Override
  public ManagedChannel shutdownNow() {
    dialer.shutdownNow();
    return this;
  }

  @Override
  public boolean isShutdown() {
    return dialer.isShutdown();
  }

  @Override
  public boolean isTerminated() {
    return dialer.isTerminated();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return dialer.awaitTermination(unit.toNanos(timeout));
  }

  @Override
  public String toString() {
    return "channel to " + dialer.address();
  }
}
