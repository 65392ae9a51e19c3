package dev.samehost;

import io.grpc.ChannelConfigurator;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MetricSink;
import io.grpc.NameResolver;
import io.grpc.ProxyDetector;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * The options of gRPC's channels that speak of networks. A hint, whose loss nobody can notice on
 * one host, is accepted and does nothing; what an application would rely on is refused.
 */
abstract class NetworkChannelOptions extends ManagedChannelBuilder<SamehostChannelBuilder> {
  private SamehostChannelBuilder builder() {
    return (SamehostChannelBuilder) this;
  }

  /** Accepted, and does nothing: nothing here blocks. */
  @Override
  public SamehostChannelBuilder offloadExecutor(Executor executor) {
    return builder();
  }

  /**
   * Not supported: a channel that speaks TLS is given credentials.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public SamehostChannelBuilder useTransportSecurity() {
    throw new UnsupportedOperationException(
        "use forAddress(ADDRESS, TlsChannelCredentials.create())");
  }

  /**
   * Not supported: an address names its server.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  @Deprecated
  public SamehostChannelBuilder nameResolverFactory(NameResolver.Factory factory) {
    throw new UnsupportedOperationException("an address names its server; nothing resolves it");
  }

  /** Accepted, and does nothing: nothing resolves names. */
  @Override
  public <X> SamehostChannelBuilder setNameResolverArg(NameResolver.Args.Key<X> key, X value) {
    return builder();
  }

  /** Accepted, and does nothing: there is one server. */
  @Override
  public SamehostChannelBuilder defaultLoadBalancingPolicy(String policy) {
    return builder();
  }

  /** Accepted, and does nothing: there is no network to have a proxy in. */
  @Override
  public SamehostChannelBuilder proxyDetector(ProxyDetector detector) {
    return builder();
  }

  /** Accepted, and does nothing: a channel makes no channels of its own. */
  @Override
  public SamehostChannelBuilder childChannelConfigurator(ChannelConfigurator configurator) {
    return builder();
  }

  /** Accepted, and does nothing: an idle connection costs nothing, and a child would be lost. */
  @Override
  public SamehostChannelBuilder idleTimeout(long value, TimeUnit unit) {
    return builder();
  }

  /** Accepted, and does nothing: the end of a connection is seen at once. */
  @Override
  public SamehostChannelBuilder keepAliveTime(long time, TimeUnit unit) {
    return builder();
  }

  /** Accepted, and does nothing: the end of a connection is seen at once. */
  @Override
  public SamehostChannelBuilder keepAliveTimeout(long timeout, TimeUnit unit) {
    return builder();
  }

  /** Accepted, and does nothing: the end of a connection is seen at once. */
  @Override
  public SamehostChannelBuilder keepAliveWithoutCalls(boolean enable) {
    return builder();
  }

  /** Accepted, and does nothing: there is no service configuration that could ask for retries. */
  @Override
  public SamehostChannelBuilder enableRetry() {
    return builder();
  }

  /** Accepted, and does nothing: there is no service configuration that could ask for retries. */
  @Override
  public SamehostChannelBuilder disableRetry() {
    return builder();
  }

  /** Accepted, and does nothing: there is no service configuration that could ask for retries. */
  @Override
  public SamehostChannelBuilder maxRetryAttempts(int attempts) {
    return builder();
  }

  /** Accepted, and does nothing: there is no service configuration that could ask for hedging. */
  @Override
  public SamehostChannelBuilder maxHedgedAttempts(int attempts) {
    return builder();
  }

  /** Accepted, and does nothing: there is no service configuration that could ask for retries. */
  @Override
  public SamehostChannelBuilder retryBufferSize(long bytes) {
    return builder();
  }

  /** Accepted, and does nothing: there is no service configuration that could ask for retries. */
  @Override
  public SamehostChannelBuilder perRpcBufferLimit(long bytes) {
    return builder();
  }

  /**
   * Not supported: an application that gives timeouts and retries by it would go without them.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public SamehostChannelBuilder defaultServiceConfig(Map<String, ?> config) {
    throw new UnsupportedOperationException(
        "there is no service configuration inside a host; set deadlines by the call");
  }

  /** Accepted, and does nothing: there is no service configuration to look up. */
  @Override
  public SamehostChannelBuilder disableServiceConfigLookUp() {
    return builder();
  }

  /** Accepted, and does nothing: there is no channelz to keep traces for. */
  @Override
  public SamehostChannelBuilder maxTraceEvents(int events) {
    return builder();
  }

  /**
   * Accepted, and told nothing: what gRPC reports to sinks is load balancing, name resolution and
   * xDS. The metrics of calls come from interceptors and stream tracers, which all work.
   */
  @Override
  protected SamehostChannelBuilder addMetricSink(MetricSink sink) {
    return builder();
  }
}
