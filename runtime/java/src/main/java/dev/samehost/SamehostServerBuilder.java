package dev.samehost;

import dev.samehost.call.Reception;
import dev.samehost.call.Serving;
import dev.samehost.call.Workers;
import dev.samehost.transport.Address;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Tls;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.Transports;
import dev.samehost.wire.Hello;
import io.grpc.BinaryLog;
import io.grpc.BindableService;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.HandlerRegistry;
import io.grpc.Server;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.ServerTransportFilter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Makes servers at an address such as {@code unix:/run/app.sock}, or at {@code stdio:} for a
 * program that its host starts. They serve whatever gRPC servers serve.
 *
 * <p>Options of gRPC that keep network connections alive are accepted and do nothing.
 */
public final class SamehostServerBuilder extends NetworkServerOptions {
  private final Address address;
  private final Transport given; // null for the one that the address names
  private final Map<String, ServerServiceDefinition> services = new LinkedHashMap<>();
  private final List<ServerInterceptor> interceptors = new ArrayList<>();
  private final List<ServerTransportFilter> filters = new ArrayList<>();
  private final List<ServerStreamTracer.Factory> tracers = new ArrayList<>();
  private long spinNanos = -1;
  private TransportOptions transportOptions = TransportOptions.NONE;
  private HandlerRegistry fallback;
  private Encodings encodings = Encodings.DEFAULT;
  private ServerCallExecutorSupplier executors;
  private BinaryLog binaryLog;
  private Executor executor; // null for whoever reads
  private int maxInboundMessageSize;
  private int maxInboundMetadataSize;
  private int maxConcurrentCalls;
  private int initialCredit = Identity.INITIAL_CREDIT;
  private Duration helloTimeout = Duration.ofSeconds(5);

  /** At an address, by a transport; null for the one that it names. */
  SamehostServerBuilder(Address address, Transport given) {
    this.address = address;
    this.given = given;
  }

  /**
   * A builder of servers at an address.
   *
   * @param address {@code SCHEME:REST}; the scheme's transport must be on the class path
   * @throws IllegalArgumentException when it has no scheme
   */
  public static SamehostServerBuilder forAddress(String address) {
    try {
      return new SamehostServerBuilder(Address.parse(address), null);
    } catch (LinkException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /**
   * A builder of servers at an address that speak TLS, where the credentials are for that. A
   * transport must take TLS, which {@code tcp:} does.
   *
   * @throws IllegalArgumentException when the address has no scheme, or the credentials cannot be
   *     used: they are not gRPC's for plain text or TLS, or malformed
   */
  public static SamehostServerBuilder forAddress(String address, ServerCredentials credentials) {
    try {
      SamehostServerBuilder builder = forAddress(address);
      ServerSecurity security = ServerSecurity.of(credentials, builder.address);
      return builder.transportOption(Tls.OPTION, security.tls());
    } catch (LinkException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /**
   * Not supported: a server has an address.
   *
   * @throws UnsupportedOperationException always
   */
  @SuppressWarnings("DoNotCallSuggester") // it hides a method that all builders inherit
  public static SamehostServerBuilder forPort(int port) {
    throw new UnsupportedOperationException("use forAddress(\"SCHEME:REST\")");
  }

  /**
   * Makes the server. It listens once it is started.
   *
   * @throws IllegalArgumentException when no transport has the scheme, or the transport cannot make
   *     sense of the address or of an option
   */
  @Override
  public Server build() {
    try {
      Transport transport = given != null ? given : Transports.find(address);
      TransportOptions settings = TlsOption.checked(transportOptions, transport, address, null);
      Services served = new Services(services, fallback, interceptors, binaryLog);
      Hello hello =
          Identity.hello(
              encodings,
              initialCredit,
              maxMessageBytes(transport),
              maxInboundMetadataSize,
              maxConcurrentCalls);
      Handling handling =
          new Handling(
              served,
              new Handling.Options(
                  List.copyOf(tracers), encodings, hello.maxMessageBytes(), executors));
      Reception.Options options =
          new Reception.Options(
              hello,
              helloTimeout.toNanos(),
              spinNanos,
              Connections.ofServer(filters, callsBack(hello)));
      Reception reception =
          new Reception(
              transport.listener(address, settings), options, new Serving(handling, executor));
      Server server = new SamehostServer(reception, served);
      handling.within(ServerContext.of(server));
      return server;
    } catch (LinkException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /** How callers are called back: within this side's limits, and listened to where handlers run. */
  private Calling.Options callsBack(Hello hello) {
    return new Calling.Options(
        executor == null ? Workers.pool() : executor,
        SamehostChannelBuilder.AUTHORITY,
        null,
        encodings,
        hello.maxMessageBytes(),
        new Calling.Methods());
  }

  private int maxMessageBytes(Transport transport) {
    return maxInboundMessageSize == 0 ? transport.maxMessageBytes() : maxInboundMessageSize;
  }

  // ---- options of samehost

  /** Sets an option of the transport. */
  public <T> SamehostServerBuilder transportOption(TransportOptions.Key<T> key, T value) {
    transportOptions = transportOptions.with(key, value);
    return this;
  }

  /**
   * How long a wait for the peer may look again and again before it sleeps, at most a millisecond;
   * zero for not at all. By default 50 microseconds, or what the environment says in {@code
   * SAMEHOST_SPIN_MICROS}. A wait looks only while that was of use lately; with one processor it
   * lets others run instead, twice at most.
   */
  public SamehostServerBuilder spinLimit(Duration limit) {
    spinNanos = SamehostChannelBuilder.spinNanos(limit);
    return this;
  }

  /** How much a client may send of each stream before it is read, in bytes; 1 MiB by default. */
  public SamehostServerBuilder initialCredit(int bytes) {
    initialCredit = SamehostChannelBuilder.atLeastOne(bytes);
    return this;
  }

  /** How many calls one connection may have open at once; 4,096 by default. */
  public SamehostServerBuilder maxConcurrentCallsPerConnection(int calls) {
    maxConcurrentCalls = SamehostChannelBuilder.atLeastOne(calls);
    return this;
  }

  // ---- options of gRPC

  /**
   * Where handlers run. By default, or when it is null, a unary handler that is lately fast runs on
   * the thread that reads its connection; should it take longer for once, another thread reads on.
   * All other handlers run on a pool that the process shares.
   */
  @Override
  public SamehostServerBuilder executor(Executor executor) {
    this.executor = executor;
    return this;
  }

  /** Handlers run on the thread that reads their connection. They must not wait. */
  @Override
  public SamehostServerBuilder directExecutor() {
    return executor(Runnable::run);
  }

  /** Chooses another executor for a call, by its method and its metadata. */
  @Override
  public SamehostServerBuilder callExecutor(ServerCallExecutorSupplier supplier) {
    executors = supplier;
    return this;
  }

  @Override
  public SamehostServerBuilder addService(ServerServiceDefinition service) {
    services.put(service.getServiceDescriptor().getName(), service);
    return this;
  }

  @Override
  public SamehostServerBuilder addService(BindableService service) {
    return addService(service.bindService());
  }

  @Override
  public SamehostServerBuilder intercept(ServerInterceptor interceptor) {
    interceptors.add(Objects.requireNonNull(interceptor));
    return this;
  }

  /** Filters are told of connections on the thread that reads them: they must not wait. */
  @Override
  public SamehostServerBuilder addTransportFilter(ServerTransportFilter filter) {
    filters.add(Objects.requireNonNull(filter));
    return this;
  }

  @Override
  public SamehostServerBuilder addStreamTracerFactory(ServerStreamTracer.Factory factory) {
    tracers.add(Objects.requireNonNull(factory));
    return this;
  }

  /** A log that sees all bytes of all calls, outside of all interceptors. */
  @Override
  public SamehostServerBuilder setBinaryLog(BinaryLog log) {
    binaryLog = log;
    return this;
  }

  /** The codecs of messages that are sent; gzip by default. A call sets one of them. */
  @Override
  public SamehostServerBuilder compressorRegistry(CompressorRegistry registry) {
    encodings = encodings.with(registry);
    return this;
  }

  /** The codecs of messages that are taken, and said to be; gzip by default. */
  @Override
  public SamehostServerBuilder decompressorRegistry(DecompressorRegistry registry) {
    encodings = encodings.with(registry);
    return this;
  }

  @Override
  public SamehostServerBuilder fallbackHandlerRegistry(HandlerRegistry registry) {
    fallback = registry;
    return this;
  }

  /** How long a client may take to say HELLO; 5 s by default. */
  @Override
  public SamehostServerBuilder handshakeTimeout(long timeout, TimeUnit unit) {
    helloTimeout = SamehostChannelBuilder.positive(Duration.ofNanos(unit.toNanos(timeout)));
    return this;
  }

  /** The largest message that is taken, in bytes; 64 MiB by default, 4 MiB on tcp. */
  @Override
  public SamehostServerBuilder maxInboundMessageSize(int bytes) {
    maxInboundMessageSize = SamehostChannelBuilder.atLeastOne(bytes);
    return this;
  }

  /** The largest request metadata that is taken, in bytes, 256 to 32,768; 8,192 by default. */
  @Override
  public SamehostServerBuilder maxInboundMetadataSize(int bytes) {
    maxInboundMetadataSize = SamehostChannelBuilder.metadataSize(bytes);
    return this;
  }
}
