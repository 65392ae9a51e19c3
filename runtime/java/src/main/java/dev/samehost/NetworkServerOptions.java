package dev.samehost;

import io.grpc.MetricSink;
import io.grpc.ServerBuilder;
import java.io.File;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;

/**
 * The options of gRPC's servers that speak of networks. A hint, whose loss nobody can notice on one
 * host, is accepted and does nothing; what an application would rely on is refused.
 */
abstract class NetworkServerOptions extends ServerBuilder<SamehostServerBuilder> {
  private SamehostServerBuilder builder() {
    return (SamehostServerBuilder) this;
  }

  /**
   * Not supported: a server that speaks TLS is given credentials.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public SamehostServerBuilder useTransportSecurity(File certificates, File privateKey) {
    throw new UnsupportedOperationException(
        "use forAddress(ADDRESS, TlsServerCredentials.create(...))");
  }

  /**
   * Not supported: a server that speaks TLS is given credentials.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public SamehostServerBuilder useTransportSecurity(
      InputStream certificates, InputStream privateKey) {
    throw new UnsupportedOperationException(
        "use forAddress(ADDRESS, TlsServerCredentials.create(...))");
  }

  /** Accepted, and does nothing: the end of a connection is seen at once. */
  @Override
  public SamehostServerBuilder keepAliveTime(long time, TimeUnit unit) {
    return builder();
  }

  /** Accepted, and does nothing: the end of a connection is seen at once. */
  @Override
  public SamehostServerBuilder keepAliveTimeout(long timeout, TimeUnit unit) {
    return builder();
  }

  /** Accepted, and does nothing: clients send no keep-alives. */
  @Override
  public SamehostServerBuilder permitKeepAliveTime(long time, TimeUnit unit) {
    return builder();
  }

  /** Accepted, and does nothing: clients send no keep-alives. */
  @Override
  public SamehostServerBuilder permitKeepAliveWithoutCalls(boolean permit) {
    return builder();
  }

  /** Accepted, and does nothing: an idle connection costs nothing. */
  @Override
  public SamehostServerBuilder maxConnectionIdle(long time, TimeUnit unit) {
    return builder();
  }

  /** Accepted, and does nothing: no load is to be balanced by making clients connect anew. */
  @Override
  public SamehostServerBuilder maxConnectionAge(long time, TimeUnit unit) {
    return builder();
  }

  /** Accepted, and does nothing, as {@link #maxConnectionAge}. */
  @Override
  public SamehostServerBuilder maxConnectionAgeGrace(long time, TimeUnit unit) {
    return builder();
  }

  /**
   * Accepted, and told nothing: what gRPC reports to sinks is load balancing, name resolution and
   * xDS. The metrics of calls come from stream tracers, which work.
   */
  @Override
  public SamehostServerBuilder addMetricSink(MetricSink sink) {
    return builder();
  }
}
