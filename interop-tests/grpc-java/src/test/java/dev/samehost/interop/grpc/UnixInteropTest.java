package dev.samehost.interop.grpc;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import org.junit.Rule;
import org.junit.rules.TemporaryFolder;

/** gRPC's own suite over a Unix socket. */
public final class UnixInteropTest extends InteropContract {
  /** Where the socket is. */
  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  private String address() {
    return "unix:" + folder.getRoot() + "/socket";
  }

  @Override
  SamehostServerBuilder server() {
    return SamehostServerBuilder.forAddress(address());
  }

  @Override
  SamehostChannelBuilder channel() {
    return SamehostChannelBuilder.forAddress(address());
  }
}
