package dev.samehost;

import dev.samehost.call.Connectivity;
import dev.samehost.call.Dialer;
import dev.samehost.call.Pace;
import dev.samehost.call.Workers;
import dev.samehost.wire.FrameWriter;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** A channel over one {@link Dialer}: gRPC's names for what that does. */
final class SamehostChannel extends ManagedChannel {
  private static final int MOST_METHODS = 1_024;

  private final Dialer dialer;
  private final Executor executor;
  private final String authority;
  private final String userAgent;
  private final Encodings encodings;
  private final int maxInboundMessageSize;

  /** The methods that were called. */
  private final Map<MethodDescriptor<?, ?>, Known> methods = new ConcurrentHashMap<>();

  /**
   * What is known of a method.
   *
   * @param method itself
   * @param path as it travels
   * @param canTravel whether it can at all
   * @param pace of those who listen to its answers
   */
  record Known(MethodDescriptor<?, ?> method, String path, boolean canTravel, Pace pace) {}

  /** That of the last call, which is mostly that of the next one too. */
  private Known last;

  SamehostChannel(
      Dialer dialer,
      Executor executor,
      String authority,
      String userAgent,
      Encodings encodings,
      int maxInboundMessageSize) {
    this.dialer = dialer;
    this.executor = executor;
    this.authority = authority;
    this.userAgent = userAgent;
    this.encodings = encodings;
    this.maxInboundMessageSize = maxInboundMessageSize;
  }

  // ---- for its calls

  Dialer dialer() {
    return dialer;
  }

  /** What calls say of themselves, or null. */
  String userAgent() {
    return userAgent;
  }

  Encodings encodings() {
    return encodings;
  }

  /** Of a method, made once: who makes descriptors without end has it made each time. */
  Known known(MethodDescriptor<?, ?> method) {
    Known known = last; // whichever thread has written it, its fields are final
    if (known == null || known.method() != method) {
      known = lookUp(method);
      last = known;
    }
    return known;
  }

  private Known lookUp(MethodDescriptor<?, ?> method) {
    Known known = methods.get(method);
    if (known == null) {
      String path = "/" + method.getFullMethodName();
      known = new Known(method, path, FrameWriter.isPath(path), new Pace());
      if (methods.size() < MOST_METHODS) {
        methods.put(method, known);
      }
    }
    return known;
  }

  /** Where listeners are called of whom nobody has said where; null where the user has. */
  Executor ownExecutor() {
    return executor == Workers.pool() ? executor : null;
  }

  /** The largest message that is taken, decompressed. */
  int maxInboundMessageSize() {
    return maxInboundMessageSize;
  }

  // ---- gRPC's

  @Override
  public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
    Executor given = options.getExecutor();
    Executor callbacks = given != null ? given : executor;
    return new ChannelCall<>(this, method, options, callbacks);
  }

  @Override
  public String authority() {
    return authority;
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
