package dev.samehost;

import dev.samehost.call.Backoff;
import dev.samehost.call.Dialer;
import dev.samehost.call.DialerOptions;
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
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.ClientTransportFilter;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.ManagedChannel;
import io.grpc.ServerServiceDefinition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Makes channels to an address such as {@code unix:/run/app.sock} or {@code stdio:python3
 * worker.py}. Everything that takes a gRPC channel takes these.
 *
 * <p>A channel connects when its first call needs it, keeps one connection, and makes a new one
 * when that has ended. It must be shut down. Hints of gRPC that speak of networks (keep-alive, idle
 * timeout, load balancing) are accepted and do nothing: on one host the end of a connection is seen
 * at once, and there is one server. Calls that provably nobody has seen are tried once more by
 * themselves.
 */
public final class SamehostChannelBuilder extends NetworkChannelOptions {
  /** The authority of every address inside the host. */
  static final String AUTHORITY = "localhost";

  private static final Duration MOST_SPIN = Duration.ofMillis(1);

  private final Address address;
  private final Transport given; // null for the one that the address names
  private final List<ClientInterceptor> interceptors = new ArrayList<>();
  private final List<ClientTransportFilter> filters = new ArrayList<>();
  private final Map<String, ServerServiceDefinition> services = new LinkedHashMap<>();
  private TransportOptions transportOptions = TransportOptions.NONE;
  private Executor executor = Workers.pool();
  private String authority = AUTHORITY;
  private String userAgent;
  private Encodings encodings = Encodings.DEFAULT;
  private String serverName; // null for the address's host
  private ChannelSecurity security; // null where nobody gave credentials
  private BinaryLog binaryLog;
  private long spinNanos = -1;
  private int maxInboundMessageSize;
  private int maxInboundMetadataSize;
  private int initialCredit = Identity.INITIAL_CREDIT;
  private Duration connectTimeout = Duration.ofSeconds(5);
  private Supplier<Backoff> backoff =
      () -> Backoff.exponential(TimeUnit.MILLISECONDS.toNanos(100), TimeUnit.SECONDS.toNanos(5));

  /** At an address, by a transport; null for the one that it names. */
  SamehostChannelBuilder(Address address, Transport given) {
    this.address = address;
    this.given = given;
  }

  /**
   * A builder of channels to an address.
   *
   * @param address {@code SCHEME:REST}; the scheme's transport must be on the class path
   * @throws IllegalArgumentException when it has no scheme
   */
  public static SamehostChannelBuilder forAddress(String address) {
    try {
      return new SamehostChannelBuilder(Address.parse(address), null);
    } catch (LinkException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /**
   * A builder of channels to an address that speak TLS, where the credentials are for that, or give
   * credentials to each call. A transport must take TLS, which {@code tcp:} does; the server's
   * certificate is to be that of the address's host, or of {@link #overrideAuthority}.
   *
   * @throws IllegalArgumentException when the address has no scheme, or the credentials cannot be
   *     used: they are not gRPC's for plain text or TLS, or malformed
   */
  public static SamehostChannelBuilder forAddress(String address, ChannelCredentials credentials) {
    try {
      SamehostChannelBuilder builder = forAddress(address);
      builder.security = ChannelSecurity.of(credentials, builder.address);
      builder.transportOption(Tls.OPTION, builder.security.tls());
      Transport transport = Transports.find(builder.address);
      TlsOption.checked(builder.transportOptions, transport, builder.address, null);
      return builder;
    } catch (LinkException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /**
   * As {@link #forAddress(String)}.
   *
   * @throws IllegalArgumentException when it has no scheme
   */
  public static SamehostChannelBuilder forTarget(String target) {
    return forAddress(target);
  }

  /**
   * Not supported: an address is one text here.
   *
   * @throws UnsupportedOperationException always
   */
  @SuppressWarnings("DoNotCallSuggester") // it hides a method that all builders inherit
  public static SamehostChannelBuilder forAddress(String name, int port) {
    throw new UnsupportedOperationException("use forAddress(\"SCHEME:REST\")");
  }

  /**
   * Makes the channel. Touches nothing outside the process yet.
   *
   * @throws IllegalArgumentException when no transport has the scheme, or the transport cannot make
   *     sense of the address or of an option
   */
  @Override
  public ManagedChannel build() {
    try {
      Transport transport = given != null ? given : Transports.find(address);
      TransportOptions settings =
          TlsOption.checked(transportOptions, transport, address, serverName);
      Hello hello =
          Identity.hello(
              encodings, initialCredit, maxMessageBytes(transport), maxInboundMetadataSize, 0);
      Calling.Options calling =
          new Calling.Options(
              executor,
              authority,
              userAgent,
              encodings,
              hello.maxMessageBytes(),
              new Calling.Methods());
      DialerOptions options =
          new DialerOptions(
              address.toString(),
              hello,
              connectTimeout.toNanos(),
              spinNanos,
              Connections.ofChannel(filters, services.isEmpty() ? null : calling),
              executor,
              serving(hello));
      Dialer dialer = new Dialer(transport.connector(address, settings), options, backoff.get());
      ManagedChannel channel = new SamehostChannel(dialer, calling, TlsOption.isSet(settings));
      List<ClientInterceptor> all = new ArrayList<>();
      if (security != null) {
        all.addAll(security.interceptors());
      }
      all.addAll(interceptors);
      return all.isEmpty() && binaryLog == null
          ? channel
          : new InterceptedChannel(channel, all, binaryLog);
    } catch (LinkException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /** Handlers run where those of a server do of which the same executor was asked. */
  private Serving serving(Hello hello) {
    if (services.isEmpty()) {
      return Serving.NOTHING;
    }
    Services offered = new Services(services, null, List.of(), binaryLog);
    Handling.Options handling =
        new Handling.Options(List.of(), encodings, hello.maxMessageBytes(), null);
    return new Serving(
        new Handling(offered, handling), executor == Workers.pool() ? null : executor);
  }

  private int maxMessageBytes(Transport transport) {
    return maxInboundMessageSize == 0 ? transport.maxMessageBytes() : maxInboundMessageSize;
  }

  // ---- options of samehost

  /** Sets an option of the transport. */
  public <T> SamehostChannelBuilder transportOption(TransportOptions.Key<T> key, T value) {
    transportOptions = transportOptions.with(key, value);
    return this;
  }

  /**
   * How long a wait for the peer may look again and again before it sleeps, at most a millisecond;
   * zero for not at all. By default 50 microseconds, or what the environment says in {@code
   * SAMEHOST_SPIN_MICROS}. A wait looks only while that was of use lately; with one processor it
   * lets others run instead, twice at most.
   */
  public SamehostChannelBuilder spinLimit(Duration limit) {
    spinNanos = spinNanos(limit);
    return this;
  }

  /**
   * Offers a service to whoever the channel connects to, on each of its connections: a handler
   * there calls it by {@link SamehostAttributes#CALLER}. It is served as a server serves it, on the
   * channel's executor; the channel's interceptors are for its own calls. A shutdown of the channel
   * ends that as well: handlers that run go on.
   */
  public SamehostChannelBuilder addService(ServerServiceDefinition service) {
    services.put(service.getServiceDescriptor().getName(), service);
    return this;
  }

  /** As {@link #addService(ServerServiceDefinition)}. */
  public SamehostChannelBuilder addService(BindableService service) {
    return addService(service.bindService());
  }

  /** How long making a connection may take; 5 s by default. */
  public SamehostChannelBuilder connectTimeout(Duration timeout) {
    connectTimeout = positive(timeout);
    return this;
  }

  /**
   * How long to wait after a failure to connect: {@code first}, then each time 1.6 times as long,
   * up to {@code longest}, give or take a fifth. By default 100 ms and 5 s.
   */
  public SamehostChannelBuilder reconnectBackoff(Duration first, Duration longest) {
    long firstNanos = positive(first).toNanos();
    long longestNanos = positive(longest).toNanos();
    return backoff(() -> Backoff.exponential(firstNanos, longestNanos));
  }

  SamehostChannelBuilder backoff(Supplier<Backoff> supplier) {
    backoff = supplier;
    return this;
  }

  static long spinNanos(Duration limit) {
    if (limit.isNegative()) {
      throw new IllegalArgumentException("a limit must not be negative, as " + limit + " is");
    }
    return limit.compareTo(MOST_SPIN) < 0 ? limit.toNanos() : MOST_SPIN.toNanos();
  }

  static Duration positive(Duration time) {
    if (time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException("a time must be positive, not " + time);
    }
    return time;
  }

  static int atLeastOne(int size) {
    if (size < 1) {
      throw new IllegalArgumentException("a size must be at least 1, not " + size);
    }
    return size;
  }

  /** How much a server may send of each stream before it is read, in bytes; 1 MiB by default. */
  public SamehostChannelBuilder initialCredit(int bytes) {
    initialCredit = atLeastOne(bytes);
    return this;
  }

  static int metadataSize(int bytes) {
    if (bytes < 256 || bytes > 32_768) {
      throw new IllegalArgumentException("maxInboundMetadataSize is 256 to 32768, not " + bytes);
    }
    return bytes;
  }

  // ---- options of gRPC

  /**
   * Where listeners are called, and handlers of services that are offered run. By default, or when
   * it is null, those that are lately fast, method by method, are called by the thread that reads
   * the connection; should one take longer for once, another thread reads on. All others, and a
   * stream's from where they turn out to be slow, are called on a pool that the process shares.
   */
  @Override
  public SamehostChannelBuilder executor(Executor executor) {
    this.executor = executor == null ? Workers.pool() : executor;
    return this;
  }

  /**
   * Listeners are called by the thread that reads the connection. They must not wait, except for
   * blocking calls on the same channel. Handlers of services that are offered run there too, and
   * must not wait at all.
   */
  @Override
  public SamehostChannelBuilder directExecutor() {
    return executor(Runnable::run);
  }

  @Override
  public SamehostChannelBuilder intercept(List<ClientInterceptor> added) {
    interceptors.addAll(added);
    return this;
  }

  @Override
  public SamehostChannelBuilder intercept(ClientInterceptor... added) {
    return intercept(List.of(added));
  }

  /** The codecs of messages that are sent; gzip by default. A call names one in its options. */
  @Override
  public SamehostChannelBuilder compressorRegistry(CompressorRegistry registry) {
    encodings = encodings.with(registry);
    return this;
  }

  /** The codecs of messages that are taken, and said to be; gzip by default. */
  @Override
  public SamehostChannelBuilder decompressorRegistry(DecompressorRegistry registry) {
    encodings = encodings.with(registry);
    return this;
  }

  /** Filters are told of connections on the thread that reads them: they must not wait. */
  @Override
  public SamehostChannelBuilder addTransportFilter(ClientTransportFilter filter) {
    filters.add(Objects.requireNonNull(filter));
    return this;
  }

  /** A log that sees all bytes of all calls, outside of all interceptors. */
  @Override
  public SamehostChannelBuilder setBinaryLog(BinaryLog log) {
    binaryLog = log;
    return this;
  }

  /** The target is the address. */
  @Override
  protected SamehostChannelBuilder interceptWithTarget(InterceptorFactory factory) {
    return intercept(factory.newInterceptor(address.toString()));
  }

  /** What calls say in their metadata under {@code user-agent}; nothing by default. */
  @Override
  public SamehostChannelBuilder userAgent(String text) {
    userAgent = text;
    return this;
  }

  /**
   * Accepted, and does nothing: nothing is encrypted unless there are credentials.
   *
   * @throws IllegalStateException when there are
   */
  @Override
  public SamehostChannelBuilder usePlaintext() {
    if (security != null) {
      throw new IllegalStateException("the channel's credentials say how it is secured");
    }
    return this;
  }

  /**
   * What {@link ManagedChannel#authority} says, {@code localhost} by default; no server sees it.
   * With TLS its host is the name that the server's certificate is checked against.
   */
  @Override
  public SamehostChannelBuilder overrideAuthority(String text) {
    authority = Objects.requireNonNull(text);
    serverName = TlsOption.host(text);
    return this;
  }

  /** The largest message that is taken, in bytes; 64 MiB by default, 4 MiB on tcp. */
  @Override
  public SamehostChannelBuilder maxInboundMessageSize(int bytes) {
    maxInboundMessageSize = atLeastOne(bytes);
    return this;
  }

  /** The largest response metadata that is taken, in bytes, 256 to 32,768; 8,192 by default. */
  @Override
  public SamehostChannelBuilder maxInboundMetadataSize(int bytes) {
    maxInboundMetadataSize = metadataSize(bytes);
    return this;
  }
}
