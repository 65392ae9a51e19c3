package dev.samehost.transport.tcp;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Link;
import dev.samehost.transport.Tls;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.RecordingAcceptor;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A process that connects to the address that it is given, says that it is alive, and waits. By TLS
 * where it is given a file of whom to trust.
 */
final class PeerProgram {
  private PeerProgram() {}

  public static void main(String[] arguments) throws Exception {
    Address address = Address.parse(arguments[0]);
    TransportOptions options =
        arguments.length < 2 ? TransportOptions.NONE : trusting(Path.of(arguments[1]));
    try (Connector connector = new TcpTransport().connector(address, options);
        Link link = connector.connect(Bytes.PATIENCE_NANOS)) {
      Bytes.write(link, (RecordingAcceptor.GREETING + "alive").getBytes(US_ASCII));
      Thread.sleep(Long.MAX_VALUE);
    }
  }

  private static TransportOptions trusting(Path pem) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream bytes = Files.newInputStream(pem)) {
      store.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(bytes));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return TransportOptions.NONE.with(Tls.OPTION, Optional.of(Tls.ofClient(context)));
  }
}
