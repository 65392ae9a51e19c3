package dev.samehost.transport.fifo;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.NativeCode;

/** The transport {@code fifo:PATH}: named pipes, found at one of them. */
public final class FifoTransport implements Transport {
  @Override
  public String scheme() {
    return "fifo";
  }

  @Override
  public Connector connector(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    return new FifoConnector(Place.of(address), options.get(FifoOptions.HELLO_TIMEOUT));
  }

  @Override
  public Listener listener(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    return new FifoListener(Place.of(address), options.get(FifoOptions.HELLO_TIMEOUT));
  }
}
