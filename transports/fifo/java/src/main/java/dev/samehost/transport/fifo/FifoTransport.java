package dev.samehost.transport.fifo;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;

/** The transport {@code fifo:PATH}: named pipes, found at one of them. */
public final class FifoTransport implements Transport {
  @Override
  public String scheme() {
    return "fifo";
  }

  @Override
  public Connector connector(Address address, TransportOptions options) throws LinkException {
    return new FifoConnector(Place.of(address), options.get(FifoOptions.HELLO_TIMEOUT));
  }

  @Override
  public Listener listener(Address address, TransportOptions options) throws LinkException {
    return new FifoListener(Place.of(address), options.get(FifoOptions.HELLO_TIMEOUT));
  }
}
