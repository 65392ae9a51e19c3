package dev.samehost.interop.grpc;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import dev.samehost.transport.shm.ShmOptions;
import org.junit.Rule;
import org.junit.rules.TemporaryFolder;

/** gRPC's own suite over shared memory, never over the socket. */
public final class ShmInteropTest extends InteropContract {
  /** Where the socket is. */
  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  private String address() {
    return "shm:" + folder.getRoot() + "/socket";
  }

  @Override
  SamehostServerBuilder server() {
    return SamehostServerBuilder.forAddress(address());
  }

  @Override
  SamehostChannelBuilder channel() {
    return SamehostChannelBuilder.forAddress(address()).transportOption(ShmOptions.STRICT, true);
  }
}
