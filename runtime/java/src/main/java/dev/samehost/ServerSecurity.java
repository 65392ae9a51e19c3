package dev.samehost;

import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Tls;
import io.grpc.ChoiceServerCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import java.security.GeneralSecurityException;
import java.util.EnumSet;
import java.util.Optional;

/**
 * What gRPC's credentials of a server come to.
 *
 * @param tls how TLS is spoken; empty for plain text
 */
record ServerSecurity(Optional<Tls> tls) {
  /**
   * What they come to at an address.
   *
   * @throws LinkException when they are understood, and cannot be used
   * @throws IllegalArgumentException when they are not understood
   */
  static ServerSecurity of(ServerCredentials credentials, Address address) throws LinkException {
    ServerSecurity security = understood(credentials, address);
    if (security == null) {
      throw new IllegalArgumentException(
          address
              + " is an address of samehost, which takes InsecureServerCredentials,"
              + " TlsServerCredentials, and a choice among these, not "
              + credentials.getClass().getSimpleName());
    }
    return security;
  }

  /** Null when they are not. */
  private static ServerSecurity understood(ServerCredentials credentials, Address address)
      throws LinkException {
    if (credentials instanceof InsecureServerCredentials) {
      return new ServerSecurity(Optional.empty());
    }
    if (credentials instanceof TlsServerCredentials tls) {
      EnumSet<TlsServerCredentials.Feature> known =
          EnumSet.of(
              TlsServerCredentials.Feature.MTLS, TlsServerCredentials.Feature.CUSTOM_MANAGERS);
      return tls.incomprehensible(known).isEmpty()
          ? new ServerSecurity(Optional.of(tls(tls, address)))
          : null;
    }
    if (credentials instanceof ChoiceServerCredentials choice) {
      for (ServerCredentials one : choice.getCredentialsList()) {
        ServerSecurity first = understood(one, address);
        if (first != null) {
          return first;
        }
      }
    }
    return null;
  }

  private static Tls tls(TlsServerCredentials credentials, Address address) throws LinkException {
    Tls.ClientAuth clientAuth =
        switch (credentials.getClientAuth()) {
          case NONE -> Tls.ClientAuth.NONE;
          case OPTIONAL -> Tls.ClientAuth.OPTIONAL;
          case REQUIRE -> Tls.ClientAuth.REQUIRED;
        };
    try {
      return Tls.ofServer(
          TlsContexts.context(
              TlsContexts.own(
                  credentials.getCertificateChain(),
                  credentials.getPrivateKey(),
                  credentials.getPrivateKeyPassword(),
                  credentials.getKeyManagers()),
              TlsContexts.trusted(
                  credentials.getRootCertificates(), credentials.getTrustManagers())),
          clientAuth);
    } catch (GeneralSecurityException e) {
      throw Fault.TLS_CREDENTIALS.causedBy(e, address, e.getMessage());
    }
  }
}
