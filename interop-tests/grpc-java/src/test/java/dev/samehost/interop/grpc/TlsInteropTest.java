package dev.samehost.interop.grpc;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import dev.samehost.transport.testkit.Certificates;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** gRPC's own suite over TCP by TLS. */
public final class TlsInteropTest extends InteropContract {
  private final String address = TcpInteropTest.freeAddress();

  private static ByteArrayInputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  SamehostServerBuilder server() {
    X509Bundle own = Certificates.TRUSTED.server();
    try {
      return SamehostServerBuilder.forAddress(
              address,
              TlsServerCredentials.create(
                  stream(own.getCertificatePathPEM()), stream(own.getPrivateKeyPEM())))
          .maxInboundMessageSize(MAX_MESSAGE_SIZE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  SamehostChannelBuilder channel() {
    try {
      return SamehostChannelBuilder.forAddress(
              address,
              TlsChannelCredentials.newBuilder()
                  .trustManager(new ByteArrayInputStream(Certificates.TRUSTED.pem()))
                  .build())
          .maxInboundMessageSize(MAX_MESSAGE_SIZE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
