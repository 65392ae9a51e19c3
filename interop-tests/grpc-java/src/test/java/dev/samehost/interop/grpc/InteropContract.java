package dev.samehost.interop.grpc;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import io.grpc.ManagedChannelBuilder;
import io.grpc.ServerBuilder;
import io.grpc.census.GrpcCensus;
import io.grpc.testing.integration.AbstractInteropTest;
import org.junit.Test;

/**
 * The suite that gRPC's own transports for Java pass, for one of ours: a transport joins by saying
 * how a server and a channel to it are made. Server and client are in this process, so that the
 * suite sees the tracers, the metadata and the statistics of both.
 */
public abstract class InteropContract extends AbstractInteropTest {
  /** A server; each test has its own. */
  abstract SamehostServerBuilder server();

  /** A channel to that server. */
  abstract SamehostChannelBuilder channel();

  /** Census's tracing as applications have it; its statistics are the suite's own. */
  private final GrpcCensus census = GrpcCensus.newBuilder().disableStats().build();

  @Override
  protected final ServerBuilder<?> getServerBuilder() {
    return census.configureServerBuilder(
        server().addStreamTracerFactory(createCustomCensusTracerFactory()));
  }

  @Override
  protected final ManagedChannelBuilder<?> createChannelBuilder() {
    return census.configureChannelBuilder(
        channel().intercept(createCensusStatsClientInterceptor()));
  }

  // Two of the suite's cases are left to be called, for a server may not tell what it has received.

  @Test
  public void clientCompressedUnary() throws Exception {
    clientCompressedUnary(false);
  }

  @Test
  public void clientCompressedStreaming() throws Exception {
    clientCompressedStreaming(false);
  }
}
