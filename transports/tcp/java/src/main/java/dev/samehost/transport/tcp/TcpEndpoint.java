package dev.samehost.transport.tcp;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.Tls;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.reception.Endpoint;
import io.netty.channel.Channel;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;

/** One port of one address. The system gives it to one socket, and frees it with it. */
final class TcpEndpoint implements Endpoint {
  private final Place place;
  private final Optional<Tls> tls;
  private volatile String address;
  private InetSocketAddress claimed;

  TcpEndpoint(Place place, Optional<Tls> tls) {
    this.place = place;
    this.tls = tls;
    this.address = place.address().toString();
  }

  /** With the real port, once it is known. */
  @Override
  public String address() {
    return address;
  }

  @Override
  public SocketAddress claim() throws LinkException {
    claimed = place.resolve().get(0);
    return claimed;
  }

  @Override
  public void publish(SocketAddress bound) {
    address = place.withPort(((InetSocketAddress) bound).getPort());
  }

  @Override
  public LinkException bindFailure(int errno) {
    if (Errno.EADDRINUSE.is(errno)) {
      return Fault.LISTEN_IN_USE.with(place.address());
    }
    if (Errno.EACCES.is(errno)) {
      return Fault.LISTEN_PORT_PERMISSION.with(place.address(), claimed.getPort());
    }
    if (Errno.EADDRNOTAVAIL.is(errno)) {
      return Fault.LISTEN_NOT_OF_THIS_HOST.with(
          place.address(), NetUtil.toAddressString(claimed.getAddress()));
    }
    return Fault.LISTEN_FAILED.with(place.address(), "bind", Errno.describe(errno));
  }

  /** The peer's address is its own. */
  @Override
  public Peer peer(Channel connection) throws IOException {
    InetSocketAddress remote = (InetSocketAddress) connection.remoteAddress();
    if (remote == null) {
      throw new IOException("the peer has gone before it was known");
    }
    try {
      int socket = ((UnixChannel) connection).fd().intValue();
      TcpSocket.prepare(socket, remote.getAddress());
    } catch (SystemCallException e) {
      throw new IOException(e);
    }
    return Peer.at(place.address().scheme() + ":" + Place.show(remote));
  }

  @Override
  public LinkException objection(Peer peer) {
    return null;
  }

  @Override
  public Optional<Tls> tls() {
    return tls;
  }

  @Override
  public void close() {}
}
