package dev.samehost;

import dev.samehost.call.ForwardingLink;
import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.PairTransport;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The transport {@code watched-pair:NAME}: test-pair's calling side, whose use is recorded. */
public final class WatchedTransport implements Transport {
  /** What was done to the links of one connector. */
  static final class Watch {
    final Map<Thread, AtomicInteger> readers = new ConcurrentHashMap<>();
    final AtomicInteger writes = new AtomicInteger();

    /** What links were told as the limit of their spins. */
    volatile long spinNanos;

    /** The thread for which waiting fails as it must not, or null. */
    volatile Thread failsToAwait;

    /** Whether explaining fails as it must not. */
    volatile boolean failsToExplain;

    int readsBy(Thread thread) {
      AtomicInteger reads = readers.get(thread);
      return reads == null ? 0 : reads.get();
    }
  }

  static final TransportOptions.Key<Watch> WATCH =
      TransportOptions.Key.of("watched-pair.watch", new Watch());

  private final PairTransport pair = new PairTransport();

  @Override
  public String scheme() {
    return "watched-pair";
  }

  @Override
  public Connector connector(Address address, TransportOptions options) throws LinkException {
    Connector connector = pair.connector(new Address("test-pair", address.rest()), options);
    return new Connector() {
      @Override
      public Link connect(long timeoutNanos) throws LinkException {
        return new WatchedLink(connector.connect(timeoutNanos), options.get(WATCH));
      }

      @Override
      public long helloTimeoutNanos() {
        return connector.helloTimeoutNanos();
      }

      @Override
      public void close() {
        connector.close();
      }
    };
  }

  @Override
  public Listener listener(Address address, TransportOptions options) {
    throw new UnsupportedOperationException("listen at test-pair");
  }

  private record WatchedLink(Link link, Watch watch) implements ForwardingLink {
    @Override
    public int read(ByteBuffer destination) throws LinkException {
      int count = link.read(destination);
      if (count > 0) {
        watch
            .readers
            .computeIfAbsent(Thread.currentThread(), t -> new AtomicInteger())
            .incrementAndGet();
      }
      return count;
    }

    @Override
    public int write(ByteBuffer source) throws LinkException {
      watch.writes.incrementAndGet();
      return link.write(source);
    }

    @Override
    public int await(int interest, long timeoutNanos) throws LinkException {
      if (Thread.currentThread() == watch.failsToAwait) {
        throw new IllegalStateException("await fails on purpose");
      }
      return link.await(interest, timeoutNanos);
    }

    @Override
    public void limitSpin(long nanos) {
      watch.spinNanos = nanos;
    }

    @Override
    public LinkException explain(LinkException failure) {
      if (watch.failsToExplain) {
        throw new IllegalStateException("explain fails on purpose");
      }
      return failure;
    }
  }
}
