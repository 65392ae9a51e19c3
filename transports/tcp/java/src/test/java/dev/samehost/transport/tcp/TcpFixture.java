package dev.samehost.transport.tcp;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Tls;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.Certificates;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SSLContext;

/** Opens links through a listener and a connector made for one link alone. */
final class TcpFixture {
  private TcpFixture() {}

  static LinkEnds open(String address) throws Exception {
    return open(address, TransportOptions.NONE, TransportOptions.NONE);
  }

  /** The same by TLS. */
  static LinkEnds openSecret(String address) throws Exception {
    return open(address, Secret.CLIENT, Secret.SERVER);
  }

  private static LinkEnds open(String address, TransportOptions client, TransportOptions server)
      throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    TcpTransport transport = new TcpTransport();
    try (Listener listener = transport.listener(Address.parse(address), server)) {
      listener.start(acceptor);
      Address found = Address.parse(listener.address());
      try (Connector connector = transport.connector(found, client)) {
        LinkEnds ends = TransportContractTest.link(connector, acceptor);
        // What TLS has to say after the handshake has come before this.
        Bytes.write(ends.far(), new byte[1]);
        Bytes.read(ends.near(), 1);
        return ends;
      }
    }
  }

  /** Options of sides that speak TLS. */
  static final class Secret {
    static final TransportOptions CLIENT = client(Certificates.TRUSTED, null);
    static final TransportOptions SERVER =
        server(Certificates.TRUSTED.server(), Tls.ClientAuth.NONE);

    private Secret() {}

    /** Who trusts an authority, and shows a certificate of its own unless it is null. */
    static TransportOptions client(Certificates trusted, X509Bundle own) {
      return TransportOptions.NONE.with(
          Tls.OPTION, Optional.of(Tls.ofClient(context(trusted, own))));
    }

    static TransportOptions server(X509Bundle own, Tls.ClientAuth clientAuth) {
      return TransportOptions.NONE.with(
          Tls.OPTION, Optional.of(Tls.ofServer(context(Certificates.TRUSTED, own), clientAuth)));
    }

    private static SSLContext context(Certificates trusted, X509Bundle own) {
      try {
        return trusted.context(own);
      } catch (Exception e) {
        throw new AssertionError("no TLS for tests", e);
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
