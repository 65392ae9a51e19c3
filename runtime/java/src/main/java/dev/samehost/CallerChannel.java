package dev.samehost;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.MethodDescriptor;

/**
 * A channel back to whoever is at the other end of a connection, over that connection. It makes
 * none, and holds nothing that would have to be shut down.
 */
final class CallerChannel extends Channel {
  private final Calling calling;

  CallerChannel(Calling calling) {
    this.calling = calling;
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
  public String toString() {
    return "channel back over " + calling.address();
  }
}
