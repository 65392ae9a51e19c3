package dev.samehost.transport.fifo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Link;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.RecordingAcceptor;

/** A process that connects to the address that it is given, says that it is alive, and waits. */
final class PeerProgram {
  private PeerProgram() {}

  public static void main(String[] arguments) throws Exception {
    Address address = Address.parse(arguments[0]);
    try (Connector connector = new FifoTransport().connector(address, TransportOptions.NONE);
        Link link = connector.connect(Bytes.PATIENCE_NANOS)) {
      Bytes.write(link, (RecordingAcceptor.GREETING + "alive").getBytes(US_ASCII));
      Thread.sleep(Long.MAX_VALUE);
    }
  }
}
