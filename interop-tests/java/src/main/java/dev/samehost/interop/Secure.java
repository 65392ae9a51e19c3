package dev.samehost.interop;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * Builders for an address. Where {@code SAMEHOST_TLS} names a folder, those on tcp speak TLS with
 * what is in it: each side shows a certificate, and trusts one authority alone.
 */
public final class Secure {
  private static final String FOLDER = System.getenv("SAMEHOST_TLS");

  private Secure() {}

  /** Of a channel. */
  public static SamehostChannelBuilder channel(String address) {
    if (!isSecure(address)) {
      return SamehostChannelBuilder.forAddress(address);
    }
    try {
      return SamehostChannelBuilder.forAddress(
          address,
          TlsChannelCredentials.newBuilder()
              .trustManager(file("ca.pem").toFile())
              .keyManager(file("client-chain.pem").toFile(), file("client-key.pem").toFile())
              .build());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Of a server. */
  public static SamehostServerBuilder server(String address) throws IOException {
    if (!isSecure(address)) {
      return SamehostServerBuilder.forAddress(address);
    }
    return SamehostServerBuilder.forAddress(
        address,
        TlsServerCredentials.newBuilder()
            .keyManager(file("chain.pem").toFile(), file("key.pem").toFile())
            .trustManager(file("ca.pem").toFile())
            .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
            .build());
  }

  private static boolean isSecure(String address) {
    return FOLDER != null && address.startsWith("tcp:");
  }

  private static Path file(String name) {
    return Path.of(FOLDER, name);
  }
}
