package dev.samehost.transport.shm;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.NativeCode;
import dev.samehost.transport.unix.UnixConnector;
import dev.samehost.transport.unix.UnixTransport;

/**
 * The transport {@code shm:PATH}: shared memory, agreed on over the Unix socket at that path. Its
 * listeners are those of {@code unix:PATH}, which take clients of both.
 */
public final class ShmTransport implements Transport {
  @Override
  public String scheme() {
    return "shm";
  }

  @Override
  public Connector connector(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    return new ShmConnector(address, UnixConnector.toPath(address, options), options);
  }

  @Override
  public Listener listener(Address address, TransportOptions options) throws LinkException {
    return new UnixTransport().listener(address, options);
  }
}
