package dev.samehost.transport.unix;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.NativeCode;
import dev.samehost.transport.reception.SocketListener;

/** The transport {@code unix:PATH}: a Unix socket at a path of at most 107 bytes. */
public final class UnixTransport implements Transport {
  @Override
  public String scheme() {
    return "unix";
  }

  @Override
  public Connector connector(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    return new UnixConnector(SocketName.ofPath(address), options);
  }

  @Override
  public Listener listener(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    SocketName name = SocketName.ofPath(address);
    AllowedUsers users = AllowedUsers.of(options);
    return new SocketListener(
        new SocketFile(name, users, options), options.get(UnixOptions.HELLO_TIMEOUT));
  }
}
