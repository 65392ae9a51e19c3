package dev.samehost.transport.tcp;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Opens links through a listener and a connector made for one link alone. */
final class TcpFixture {
  private TcpFixture() {}

  static LinkEnds open(String address) throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    TcpTransport transport = new TcpTransport();
    try (Listener listener = transport.listener(Address.parse(address), TransportOptions.NONE)) {
      listener.start(acceptor);
      Address found = Address.parse(listener.address());
      try (Connector connector = transport.connector(found, TransportOptions.NONE)) {
        return TransportContractTest.link(connector, acceptor);
      }
    }
  }

  /** A port at which nobody listens, and which the system gives to nobody who asks for any. */
  static int closedPort() throws Exception {
    int port = ThreadLocalRandom.current().nextInt(10_000, 32_000);
    while (isTaken(port)) {
      port++;
    }
    return port;
  }

  private static boolean isTaken(int port) throws IOException {
    try (ServerSocket probe = new ServerSocket()) {
      probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return false;
    } catch (BindException e) {
      return true;
    }
  }
}
