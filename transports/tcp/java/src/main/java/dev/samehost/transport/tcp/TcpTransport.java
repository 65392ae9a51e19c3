package dev.samehost.transport.tcp;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Tls;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.NativeCode;
import dev.samehost.transport.reception.SocketListener;

/** The transport {@code tcp:HOST:PORT}; IPv6 addresses stand in brackets. */
public final class TcpTransport implements Transport {
  /** gRPC's own limit: the other side may be another host's. */
  private static final int MAX_MESSAGE_BYTES = 4 << 20;

  @Override
  public String scheme() {
    return "tcp";
  }

  @Override
  public int maxMessageBytes() {
    return MAX_MESSAGE_BYTES;
  }

  @Override
  public boolean takesTls() {
    return true;
  }

  @Override
  public Connector connector(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    return new TcpConnector(Place.ofServer(address, options), options);
  }

  @Override
  public Listener listener(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    return new SocketListener(
        new TcpEndpoint(Place.of(address, options), options.get(Tls.OPTION)),
        options.get(TcpOptions.HELLO_TIMEOUT));
  }
}
