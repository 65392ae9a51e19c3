package dev.samehost;

import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.CompositeCallCredentials;
import io.grpc.MethodDescriptor;

/** Gives each call the credentials of its channel, before those that it has of its own. */
record AddedCredentials(CallCredentials credentials) implements ClientInterceptor {
  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    CallCredentials own = options.getCredentials();
    return next.newCall(
        method,
        options.withCallCredentials(
            own == null ? credentials : new CompositeCallCredentials(credentials, own)));
  }
}
