package dev.samehost.interop.grpc;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import org.junit.Rule;
import org.junit.rules.TemporaryFolder;

/** gRPC's own suite over named pipes. */
public final class FifoInteropTest extends InteropContract {
  /** Where the rendezvous is. */
  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  private String address() {
    return "fifo:" + folder.getRoot() + "/calls";
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
