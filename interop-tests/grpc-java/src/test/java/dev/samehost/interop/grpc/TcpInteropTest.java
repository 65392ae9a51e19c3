package dev.samehost.interop.grpc;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import io.grpc.Server;
import java.io.IOException;
import java.io.UncheckedIOException;

/** gRPC's own suite over TCP, with the limit that it sets on gRPC's own transports. */
public final class TcpInteropTest extends InteropContract {
  private final String address = freeAddress();

  /** The address of a port that the system has just chosen, and that is free again. */
  static String freeAddress() {
    try {
      Server server = SamehostServerBuilder.forAddress("tcp:127.0.0.1:0").build().start();
      server.shutdownNow();
      return server.getListenSockets().get(0).toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  SamehostServerBuilder server() {
    return SamehostServerBuilder.forAddress(address).maxInboundMessageSize(MAX_MESSAGE_SIZE);
  }

  @Override
  SamehostChannelBuilder channel() {
    return SamehostChannelBuilder.forAddress(address).maxInboundMessageSize(MAX_MESSAGE_SIZE);
  }
}
