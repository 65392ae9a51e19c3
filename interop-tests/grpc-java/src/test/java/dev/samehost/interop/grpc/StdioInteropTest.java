package dev.samehost.interop.grpc;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import dev.samehost.transport.stdio.StdioOptions;
import org.junit.Rule;
import org.junit.rules.TemporaryFolder;

/**
 * gRPC's own suite over a child's standard input and output. The child passes the bytes on to the
 * server in this process, which the suite wants to look into.
 */
public final class StdioInteropTest extends InteropContract {
  /** Where the server's socket is. */
  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  @Override
  SamehostServerBuilder server() {
    return SamehostServerBuilder.forAddress("unix:" + folder.getRoot() + "/socket");
  }

  @Override
  SamehostChannelBuilder channel() {
    return SamehostChannelBuilder.forAddress("stdio:")
        .transportOption(
            StdioOptions.ARGUMENTS, Jvm.command(Relay.class, folder.getRoot() + "/socket"));
  }
}
