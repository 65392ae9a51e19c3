package dev.samehost;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Channels and servers over one link that somebody else has made. For bridges between this wire and
 * another protocol, not for users: it may change at any time.
 */
public final class OverLink {
  private OverLink() {}

  /**
   * The cause of a status by which a bridge's server ends a call that no handler has seen: its
   * caller may try it again.
   */
  public static final class Unseen extends Exception {
    private static final long serialVersionUID = 1;

    /** Says so. */
    public Unseen() {
      super("no handler has seen the call", null, false, false);
    }
  }

  /** A builder of one channel, which connects once and closes the link in any case. */
  public static SamehostChannelBuilder channel(Link link) {
    return new SamehostChannelBuilder(address(link), new Once(link, new AtomicBoolean()));
  }

  /** A builder of one server, which serves the link and then is shut down. */
  public static SamehostServerBuilder server(Link link) {
    return new SamehostServerBuilder(address(link), new Once(link, new AtomicBoolean()));
  }

  /** Whether the caller of a server's call takes an answer that is compressed by a codec. */
  public static boolean accepts(ServerCall<?, ?> call, String codec) {
    return call instanceof ServingCall<?, ?> serving && serving.accepts(codec);
  }

  /** What a call is told that ends for this reason. */
  public static Status status(LinkException failure) {
    return Codes.status(failure);
  }

  private static Address address(Link link) {
    String text = link.peer().address();
    int colon = text.indexOf(':');
    return new Address(text.substring(0, colon), text.substring(colon + 1));
  }

  /** Gives the link once, to whoever asks first. */
  private record Once(Link link, AtomicBoolean given) implements Transport {
    @Override
    public String scheme() {
      return address(link).scheme();
    }

    @Override
    public Connector connector(Address address, TransportOptions options) {
      return new Connector() {
        @Override
        public Link connect(long timeoutNanos) throws LinkException {
          if (!given.compareAndSet(false, true)) {
            throw Fault.PEER_DRAINING.with(address);
          }
          return link;
        }

        @Override
        public long helloTimeoutNanos() {
          return TimeUnit.SECONDS.toNanos(5);
        }

        @Override
        public void close() {
          if (given.compareAndSet(false, true)) {
            link.close();
          }
        }
      };
    }

    @Override
    public Listener listener(Address address, TransportOptions options) {
      return new Listener() {
        @Override
        public void start(Acceptor acceptor) {
          given.set(true);
          acceptor.accepted(link, ByteBuffer.allocate(0));
        }

        @Override
        public String address() {
          return address.toString();
        }

        @Override
        public void close() {
          if (given.compareAndSet(false, true)) {
            link.close();
          }
        }
      };
    }
  }
}
