package dev.samehost.transport.tls;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/** Finds the fault of the catalogue that a failure of the JDK's TLS is. */
public final class TlsFaults {
  /** Newer JDKs put the alert's name before the sentence as well. */
  private static final Pattern ALERT = Pattern.compile("Received fatal alert: (\\w+)");

  /** A client without a certificate, where the server wants one. */
  private static final Pattern NO_CERTIFICATE =
      Pattern.compile("Empty (client|server) certificate chain");

  private TlsFaults() {}

  /**
   * The fault.
   *
   * @param address of the peer, for people
   */
  public static LinkException of(SSLException failure, String address) {
    String text = text(failure);
    Matcher alert = ALERT.matcher(text);
    if (alert.find()) {
      return Fault.TLS_REFUSED.causedBy(failure, address, alert.group(1));
    }
    Throwable certificate = certificate(failure);
    if (certificate != null) {
      return Fault.TLS_UNTRUSTED.causedBy(failure, address, text(certificate));
    }
    if (NO_CERTIFICATE.matcher(text).find()) {
      return Fault.TLS_UNTRUSTED.causedBy(failure, address, text);
    }
    return Fault.TLS_FAILED.causedBy(failure, address, text);
  }

  /** The innermost cause that speaks of a certificate. */
  private static Throwable certificate(Throwable failure) {
    Throwable found = null;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateException
          || cause instanceof CertPathValidatorException
          || cause instanceof CertPathBuilderException) {
        found = cause;
      }
    }
    return found;
  }

  private static String text(Throwable failure) {
    String text = failure.getMessage();
    return text == null ? failure.getClass().getSimpleName() : text;
  }
}
