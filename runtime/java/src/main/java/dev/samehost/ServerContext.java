package dev.samehost;

import io.grpc.Context;
import io.grpc.InternalServer;
import io.grpc.Server;

/**
 * The context that the calls of a server begin with: the server is in it, where gRPC's reflection
 * looks for the services that it is to tell of.
 */
final class ServerContext {
  private ServerContext() {}

  static Context of(Server server) {
    try {
      return Context.ROOT.withValue(InternalServer.SERVER_CONTEXT_KEY, server);
    } catch (LinkageError e) {
      // The key is no promise of gRPC's. A version without it has its calls without reflection.
      return Context.ROOT;
    }
  }
}
