package dev.samehost.transport.testkit;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.LocalLink;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;

/**
 * The transport {@code test-pair:NAME}: links within one process, for tests. A listener is found by
 * its name, anywhere in the process; nothing outside the process is touched. Nobody can be a
 * stranger here, so first bytes are not judged.
 */
public final class PairTransport implements Transport {
  /** How many bytes each direction of a link holds until they are read. */
  public static final TransportOptions.Key<Integer> CAPACITY =
      TransportOptions.Key.of("test-pair.capacity", 65_536);

  /** How long a peer behind a new link may take to say HELLO, in nanoseconds. */
  public static final TransportOptions.Key<Long> HELLO_TIMEOUT_NANOS =
      TransportOptions.Key.of("test-pair.hello-timeout", TimeUnit.SECONDS.toNanos(5));

  private static final ConcurrentMap<String, PairListener> LISTENERS = new ConcurrentHashMap<>();

  @Override
  public String scheme() {
    return "test-pair";
  }

  @Override
  public Connector connector(Address address, TransportOptions options) throws LinkException {
    checkName(address);
    return new PairConnector(address, options);
  }

  @Override
  public Listener listener(Address address, TransportOptions options) throws LinkException {
    checkName(address);
    return new PairListener(address);
  }

  private static void checkName(Address address) throws LinkException {
    if (address.rest().isEmpty()) {
      throw Fault.ADDRESS_MALFORMED.with(address, "it has no name");
    }
  }

  private static final class PairConnector implements Connector {
    private final Address address;
    private final TransportOptions options;
    private volatile boolean closed;

    private PairConnector(Address address, TransportOptions options) {
      this.address = address;
      this.options = options;
    }

    @Override
    public Link connect(long timeoutNanos) throws LinkException {
      if (closed) {
        throw Fault.CHANNEL_SHUTDOWN.with(address);
      }
      PairListener listener = LISTENERS.get(address.rest());
      if (listener == null) {
        throw Fault.CONNECT_NO_SUCH_FILE.with(address);
      }
      LocalLink.Ends ends = LocalLink.open(address.toString(), options.get(CAPACITY));
      listener.acceptor.accepted(ends.second(), ByteBuffer.allocate(0));
      return ends.first();
    }

    @Override
    public long helloTimeoutNanos() {
      return options.get(HELLO_TIMEOUT_NANOS);
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private static final class PairListener implements Listener {
    private final Address address;
    private volatile Acceptor acceptor;

    private PairListener(Address address) {
      this.address = address;
    }

    @Override
    public void start(Acceptor acceptor) throws LinkException {
      this.acceptor = acceptor;
      if (LISTENERS.putIfAbsent(address.rest(), this) != null) {
        throw Fault.LISTEN_IN_USE.with(address);
      }
    }

    @Override
    public String address() {
      return address.toString();
    }

    @Override
    public void close() {
      LISTENERS.remove(address.rest(), this);
    }
  }
}
