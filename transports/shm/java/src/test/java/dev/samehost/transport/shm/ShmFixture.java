package dev.samehost.transport.shm;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import java.nio.file.Path;

/**
 * Opens links through a listener and a connector made for one link alone; never over the socket.
 */
final class ShmFixture {
  static final TransportOptions STRICT =
      TransportOptions.NONE.with(ShmOptions.STRICT, true).with(ShmOptions.RING_BYTES, 64 << 10);

  private ShmFixture() {}

  static LinkEnds open(Path folder) throws Exception {
    Address address = new Address("shm", folder.resolve("s").toString());
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = new ShmTransport().listener(address, STRICT);
        Connector connector = new ShmTransport().connector(address, STRICT)) {
      listener.start(acceptor);
      return TransportContractTest.link(connector, acceptor);
    }
  }
}
