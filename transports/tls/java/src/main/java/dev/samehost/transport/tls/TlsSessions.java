package dev.samehost.transport.tls;

import dev.samehost.transport.Tls;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/** Makes the sessions of either side: with which versions, protocols and names they speak. */
public final class TlsSessions {
  private static final Set<String> VERSIONS = Set.of("TLSv1.3", "TLSv1.2");
  private static final String[] OFFERED = {"samehost/1", "h2"};
  private static final String[] SERVED = {"samehost/1", "h2", "http/1.1"};

  /** What is no name, so that a client says none of it. */
  private static final Pattern IP = Pattern.compile("[0-9.]+|.*:.*");

  private TlsSessions() {}

  /**
   * Of a client.
   *
   * @param host in the address of the server: a name, or an IP address without brackets
   */
  public static TlsSession client(Tls tls, String host, int port) {
    String name = tls.serverName().orElse(host);
    SSLEngine engine = tls.context().createSSLEngine(name, port);
    engine.setUseClientMode(true);
    SSLParameters parameters = parameters(engine);
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setApplicationProtocols(OFFERED);
    parameters.setServerNames(names(name));
    engine.setSSLParameters(parameters);
    return new TlsSession(engine);
  }

  /** What a client says of whom it wants to speak to, which can be names alone. */
  private static List<SNIServerName> names(String name) {
    try {
      return IP.matcher(name).matches() ? List.of() : List.of(new SNIHostName(name));
    } catch (IllegalArgumentException e) {
      return List.of(); // one that the system knows, but that is no name of the network's
    }
  }

  /** Of a server. */
  public static TlsSession server(Tls tls) {
    SSLEngine engine = tls.context().createSSLEngine();
    engine.setUseClientMode(false);
    SSLParameters parameters = parameters(engine);
    parameters.setApplicationProtocols(SERVED);
    switch (tls.clientAuth()) {
      case NONE -> parameters.setNeedClientAuth(false);
      case OPTIONAL -> parameters.setWantClientAuth(true);
      case REQUIRED -> parameters.setNeedClientAuth(true);
    }
    engine.setSSLParameters(parameters);
    return new TlsSession(engine);
  }

  private static SSLParameters parameters(SSLEngine engine) {
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(
        List.of(engine.getSupportedProtocols()).stream()
            .filter(VERSIONS::contains)
            .toArray(String[]::new));
    return parameters;
  }
}
