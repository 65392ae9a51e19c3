package dev.samehost.transport.unix;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;

/** Opens links through a listener and a connector made for one link alone. */
final class UnixFixture {
  private UnixFixture() {}

  static LinkEnds open(Transport transport, Address address) throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = transport.listener(address, TransportOptions.NONE);
        Connector connector = transport.connector(address, TransportOptions.NONE)) {
      listener.start(acceptor);
      return TransportContractTest.link(connector, acceptor);
    }
  }
}
