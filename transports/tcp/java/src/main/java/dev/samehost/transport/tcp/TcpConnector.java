package dev.samehost.transport.tcp;

import static java.util.stream.Collectors.joining;

import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.Tls;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.FdLink;
import dev.samehost.transport.posix.Poll;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.posix.Wakeup;
import dev.samehost.transport.tls.TlsHandshake;
import dev.samehost.transport.tls.TlsSession;
import dev.samehost.transport.tls.TlsSessions;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Connects to one place, as often as it is asked to. It looks a name up each time, and tries what
 * it finds one after the other.
 */
final class TcpConnector implements Connector {
  private final Place place;
  private final long helloTimeoutNanos;
  private final Optional<Tls> tls;
  private boolean closed;

  /** Of the connect in progress; null when there is none. */
  private Wakeup wakeup;

  /** The link that is to speak TLS, while it is agreed on; null when there is none. */
  private Link shaking;

  TcpConnector(Place place, TransportOptions options) {
    this.place = place;
    this.helloTimeoutNanos = options.get(TcpOptions.HELLO_TIMEOUT).toNanos();
    this.tls = options.get(Tls.OPTION);
  }

  /** What one endpoint answered with instead of a connection: an error number. */
  private record Failure(InetSocketAddress endpoint, int errno) {
    boolean isRefusal() {
      return Errno.ECONNREFUSED.is(errno);
    }

    boolean isSilence() {
      return Errno.ETIMEDOUT.is(errno);
    }
  }

  @Override
  public Link connect(long timeoutNanos) throws LinkException {
    try (Wakeup bell = new Wakeup()) {
      open(bell);
      try {
        return connect(bell, timeoutNanos);
      } finally {
        open(null);
      }
    } catch (SystemCallException e) {
      throw failed(e);
    }
  }

  private synchronized void open(Wakeup bell) throws LinkException {
    wakeup = bell;
    if (closed && bell != null) {
      throw Fault.CHANNEL_SHUTDOWN.with(place.address());
    }
  }

  private Link connect(Wakeup bell, long timeoutNanos) throws LinkException, SystemCallException {
    long start = System.nanoTime();
    List<InetSocketAddress> endpoints = place.resolve();
    List<Failure> failures = new ArrayList<>();
    for (InetSocketAddress endpoint : endpoints) {
      // One that does not answer leaves time for those behind it.
      long left = Math.max(0, timeoutNanos - (System.nanoTime() - start));
      long share = left / (endpoints.size() - failures.size());
      Fd socket = null;
      try {
        socket = TcpSocket.create(endpoint);
        int errno = tryOne(socket, endpoint, bell, share);
        if (errno == 0) {
          Peer peer = Peer.at(place.address().toString());
          Link link = FdLink.overSocket(socket, peer, ByteBuffer.allocate(0));
          socket = null;
          return tls.isEmpty() ? link : secret(link, endpoint, timeoutNanos, start);
        }
        failures.add(new Failure(endpoint, errno));
      } catch (SystemCallException e) {
        // An address family that this host does not have is no way to it.
        if (!Errno.EAFNOSUPPORT.is(e.errno())) {
          throw e;
        }
        failures.add(new Failure(endpoint, e.errno()));
      } finally {
        if (socket != null) {
          socket.close();
        }
      }
    }
    throw explain(failures, timeoutNanos);
  }

  /** Over a link, which is closed where this fails. */
  private Link secret(Link link, InetSocketAddress endpoint, long timeoutNanos, long start)
      throws LinkException {
    Link secret = null;
    shakes(link);
    try {
      TlsSession session = TlsSessions.client(tls.get(), place.proved(), place.port());
      long left = timeoutNanos - (System.nanoTime() - start);
      secret = TlsHandshake.run(link, session, left, this::isClosed);
    } finally {
      shakes(null);
      if (secret == null) {
        link.close();
      }
    }
    if (secret == null) {
      String silent = Place.show(endpoint);
      throw isClosed()
          ? Fault.CHANNEL_SHUTDOWN.with(place.address())
          : Fault.CONNECT_UNANSWERED.with(place.address(), silent, seconds(timeoutNanos));
    }
    return secret;
  }

  private synchronized void shakes(Link link) {
    shaking = link;
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** 0, or one of the errors that another endpoint may not have. */
  private int tryOne(Fd socket, InetSocketAddress endpoint, Wakeup bell, long patienceNanos)
      throws LinkException, SystemCallException {
    TcpSocket.prepare(socket.number(), endpoint.getAddress());
    int errno = TcpSocket.connect(socket, endpoint);
    if (Errno.EINPROGRESS.is(errno) || Errno.EINTR.is(errno)) {
      if (!isAnswered(socket, bell, patienceNanos)) {
        return Errno.ETIMEDOUT.number();
      }
      errno = TcpSocket.outcome(socket);
    }
    if (errno == 0) {
      return TcpSocket.isToItself(socket) ? Errno.ECONNREFUSED.number() : 0;
    }
    if (Errno.ECONNREFUSED.is(errno)
        || Errno.ETIMEDOUT.is(errno)
        || Errno.ENETUNREACH.is(errno)
        || Errno.EHOSTUNREACH.is(errno)
        || Errno.ENETDOWN.is(errno)
        || Errno.EADDRNOTAVAIL.is(errno)) {
      return errno;
    }
    throw new SystemCallException("connect", errno);
  }

  private boolean isAnswered(Fd socket, Wakeup bell, long patienceNanos)
      throws LinkException, SystemCallException {
    Poll poll = new Poll();
    poll.set(0, socket.number(), Poll.WRITABLE);
    poll.set(1, bell.number(), Poll.READABLE);
    long start = System.nanoTime();
    while (true) {
      long left = Math.max(0, patienceNanos - (System.nanoTime() - start));
      int ready = poll.run(left);
      if (ready < 0 && !Errno.EINTR.is(Errno.last())) {
        throw new SystemCallException("poll", Errno.last());
      }
      if (ready > 0 && poll.ready(1) != 0) {
        throw Fault.CHANNEL_SHUTDOWN.with(place.address());
      }
      if (ready >= 0) {
        return ready > 0;
      }
    }
  }

  /** What all failed tries come to: what says most, with all that suffered from it. */
  private LinkException explain(List<Failure> failures, long timeoutNanos) {
    List<Failure> silent = failures.stream().filter(Failure::isSilence).toList();
    if (!silent.isEmpty()) {
      return Fault.CONNECT_UNANSWERED.with(place.address(), show(silent), seconds(timeoutNanos));
    }
    List<Failure> refused = failures.stream().filter(Failure::isRefusal).toList();
    if (!refused.isEmpty()) {
      return Fault.CONNECT_PORT_CLOSED.with(place.address(), show(refused));
    }
    return Fault.CONNECT_UNREACHABLE.with(
        place.address(), show(failures), Errno.describe(failures.get(0).errno()));
  }

  private static String show(List<Failure> failures) {
    return failures.stream().map(one -> Place.show(one.endpoint())).collect(joining(", "));
  }

  private LinkException failed(SystemCallException e) {
    return e.fault(Fault.CONNECT_FAILED, place.address());
  }

  private static String seconds(long nanos) {
    return BigDecimal.valueOf(nanos, 9).stripTrailingZeros().toPlainString();
  }

  @Override
  public long helloTimeoutNanos() {
    return helloTimeoutNanos;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (wakeup != null) {
      wakeup.set();
    }
    if (shaking != null) {
      shaking.wake();
    }
  }
}
