package dev.samehost.transport.unix;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.NativeCode;
import dev.samehost.transport.reception.SocketListener;

/**
 * The transport {@code unix-abstract:NAME}: a Unix socket in Linux's abstract name space. No file
 * is made, the name goes with its listener, and every user of the same network name space sees it:
 * the check of the peer's user is all that protects it.
 */
public final class UnixAbstractTransport implements Transport {
  @Override
  public String scheme() {
    return "unix-abstract";
  }

  @Override
  public Connector connector(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    return new UnixConnector(SocketName.ofAbstract(address), options);
  }

  @Override
  public Listener listener(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    SocketName name = SocketName.ofAbstract(address);
    return new SocketListener(
        new AbstractName(name, AllowedUsers.of(options), options),
        options.get(UnixOptions.HELLO_TIMEOUT));
  }
}
