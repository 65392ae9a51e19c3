package dev.samehost.interop.grpc;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import java.util.UUID;

/** gRPC's own suite over a Unix socket without a file. */
public final class UnixAbstractInteropTest extends InteropContract {
  private final String address = "unix-abstract:samehost-interop-" + UUID.randomUUID();

  @Override
  SamehostServerBuilder server() {
    return SamehostServerBuilder.forAddress(address);
  }

  @Override
  SamehostChannelBuilder channel() {
    return SamehostChannelBuilder.forAddress(address);
  }
}
