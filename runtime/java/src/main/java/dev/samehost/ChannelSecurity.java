package dev.samehost;

import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Tls;
import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.ChoiceChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.CompositeCallCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.security.GeneralSecurityException;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * What gRPC's credentials of a channel come to.
 *
 * @param tls how TLS is spoken; empty for plain text
 * @param calls what is added to each call; null for nothing
 */
record ChannelSecurity(Optional<Tls> tls, CallCredentials calls) {
  /**
   * What they come to at an address.
   *
   * @throws LinkException when they are understood, and cannot be used
   * @throws IllegalArgumentException when they are not understood
   */
  static ChannelSecurity of(ChannelCredentials credentials, Address address) throws LinkException {
    ChannelSecurity security = understood(credentials, address);
    if (security == null) {
      throw new IllegalArgumentException(
          address
              + " is an address of samehost, which takes InsecureChannelCredentials,"
              + " TlsChannelCredentials, a choice among these, and credentials of calls with one of"
              + " them, not "
              + credentials.getClass().getSimpleName());
    }
    return security;
  }

  /** Null when they are not. */
  private static ChannelSecurity understood(ChannelCredentials credentials, Address address)
      throws LinkException {
    if (credentials instanceof InsecureChannelCredentials) {
      return new ChannelSecurity(Optional.empty(), null);
    }
    if (credentials instanceof TlsChannelCredentials tls) {
      EnumSet<TlsChannelCredentials.Feature> known =
          EnumSet.of(
              TlsChannelCredentials.Feature.MTLS, TlsChannelCredentials.Feature.CUSTOM_MANAGERS);
      return tls.incomprehensible(known).isEmpty()
          ? new ChannelSecurity(Optional.of(tls(tls, address)), null)
          : null;
    }
    if (credentials instanceof CompositeChannelCredentials both) {
      ChannelSecurity inner = understood(both.getChannelCredentials(), address);
      return inner == null ? null : inner.and(both.getCallCredentials());
    }
    if (credentials instanceof ChoiceChannelCredentials choice) {
      for (ChannelCredentials one : choice.getCredentialsList()) {
        ChannelSecurity first = understood(one, address);
        if (first != null) {
          return first;
        }
      }
    }
    return null;
  }

  /**
   * What adds the credentials of calls, where the application's interceptors have had their say.
   */
  List<ClientInterceptor> interceptors() {
    return calls == null ? List.of() : List.of(new AddedCredentials(calls));
  }

  private ChannelSecurity and(CallCredentials more) {
    return new ChannelSecurity(
        tls, calls == null ? more : new CompositeCallCredentials(calls, more));
  }

  private static Tls tls(TlsChannelCredentials credentials, Address address) throws LinkException {
    try {
      return Tls.ofClient(
          TlsContexts.context(
              TlsContexts.own(
                  credentials.getCertificateChain(),
                  credentials.getPrivateKey(),
                  credentials.getPrivateKeyPassword(),
                  credentials.getKeyManagers()),
              TlsContexts.trusted(
                  credentials.getRootCertificates(), credentials.getTrustManagers())));
    } catch (GeneralSecurityException e) {
      throw Fault.TLS_CREDENTIALS.causedBy(e, address, e.getMessage());
    }
  }
}
