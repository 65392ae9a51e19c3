package dev.samehost.transport.testkit;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** An authority of a test's own, and certificates that it has signed. Made anew by each process. */
public final class Certificates {
  /** Whom the tests trust. */
  public static final Certificates TRUSTED = new Certificates("samehost tests");

  /** Whom they do not. */
  public static final Certificates UNKNOWN = new Certificates("somebody else");

  private final X509Bundle authority;
  private final X509Bundle server;

  private Certificates(String name) {
    try {
      authority = builder(name).setIsCertificateAuthority(true).buildSelfSigned();
      server =
          builder("server")
              .addSanDnsName("localhost")
              .addSanIpAddress("127.0.0.1")
              .addSanIpAddress("::1")
              .buildIssuedBy(authority);
    } catch (Exception e) {
      throw new AssertionError("no authority for tests", e);
    }
  }

  private static CertificateBuilder builder(String name) {
    return new CertificateBuilder().ecp256().subject("CN=" + name);
  }

  /** Of a server at {@code localhost}, {@code 127.0.0.1} and {@code ::1}. */
  public X509Bundle server() {
    return server;
  }

  /** Of a server of another name alone. */
  public X509Bundle server(String name) throws Exception {
    return builder("server").addSanDnsName(name).buildIssuedBy(authority);
  }

  /** Of a server whose certificate was valid until yesterday. */
  public X509Bundle expired() throws Exception {
    Instant yesterday = Instant.now().minus(Duration.ofDays(1));
    return builder("server")
        .addSanDnsName("localhost")
        .addSanIpAddress("127.0.0.1")
        .notBefore(yesterday.minus(Duration.ofDays(1)))
        .notAfter(yesterday)
        .buildIssuedBy(authority);
  }

  /** Of a client of this name. */
  public X509Bundle client(String name) throws Exception {
    return builder(name).buildIssuedBy(authority);
  }

  /** The authority's own certificate, in PEM. */
  public byte[] pem() {
    return authority.getCertificatePEM().getBytes(StandardCharsets.US_ASCII);
  }

  /** What trusts this authority alone. */
  public TrustManager[] trust() throws Exception {
    return authority.toTrustManagerFactory().getTrustManagers();
  }

  /** What trusts this authority alone, and shows a certificate unless it is null. */
  public SSLContext context(X509Bundle own) throws Exception {
    KeyManager[] keys = own == null ? null : own.toKeyManagerFactory().getKeyManagers();
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, trust(), null);
    return context;
  }
}
