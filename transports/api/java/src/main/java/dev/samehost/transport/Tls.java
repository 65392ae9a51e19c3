package dev.samehost.transport;

import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * The credentials by which one side speaks TLS: a setting of transports that take it ({@link
 * Transport#takesTls}).
 *
 * @param context the keys of this side, and whom it trusts
 * @param clientAuth of a server: whether it asks clients for a certificate
 * @param serverName of a client: the name or IP address that the server's certificate is checked
 *     against; empty for the host in the address
 */
public record Tls(SSLContext context, ClientAuth clientAuth, Optional<String> serverName) {
  /** Whether a channel or a server speaks TLS, and how; it speaks plain text unless set. */
  public static final TransportOptions.Key<Optional<Tls>> OPTION =
      TransportOptions.Key.of("tls", Optional.empty());

  /** What a server does about the certificates of its clients. */
  public enum ClientAuth {
    /** It asks for none. */
    NONE,
    /** It asks for one, and takes a client without. */
    OPTIONAL,
    /** It takes nobody without. */
    REQUIRED
  }

  /** Checks that nothing is null. */
  public Tls {
    Objects.requireNonNull(context);
    Objects.requireNonNull(clientAuth);
    Objects.requireNonNull(serverName);
  }

  /** A client, which expects the host of its address. */
  public static Tls ofClient(SSLContext context) {
    return new Tls(context, ClientAuth.NONE, Optional.empty());
  }

  /** A server. */
  public static Tls ofServer(SSLContext context, ClientAuth clientAuth) {
    return new Tls(context, clientAuth, Optional.empty());
  }

  /** The same, whose server has another name than its address says. */
  public Tls expecting(String name) {
    return new Tls(context, clientAuth, Optional.of(name));
  }
}
