package dev.samehost;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Makes the JDK's context of TLS from gRPC's credentials: texts in PEM, or managers of the
 * application's own. The messages of its exceptions are for people.
 */
final class TlsContexts {
  private static final char[] NO_PASSWORD = {};

  private TlsContexts() {}

  /** What a side shows of itself: nothing, where all are null. */
  static KeyManager[] own(byte[] chain, byte[] key, String password, List<KeyManager> managers)
      throws GeneralSecurityException {
    if (managers != null) {
      return managers.toArray(KeyManager[]::new);
    }
    if (chain == null) {
      return null;
    }
    List<X509Certificate> certificates = Pem.certificates(chain, "the certificate chain");
    PrivateKey own = Pem.privateKey(key, password);
    if (!belongs(own, certificates.get(0).getPublicKey())) {
      throw new GeneralSecurityException("the private key is not the certificate's");
    }
    KeyStore store = emptyStore();
    store.setKeyEntry("own", own, NO_PASSWORD, certificates.toArray(X509Certificate[]::new));
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  /** Whom a side trusts: those that the JDK does, where both are null. */
  static TrustManager[] trusted(byte[] roots, List<TrustManager> managers)
      throws GeneralSecurityException {
    if (managers != null) {
      return managers.toArray(TrustManager[]::new);
    }
    if (roots == null) {
      return null;
    }
    KeyStore store = emptyStore();
    int number = 0;
    for (X509Certificate root : Pem.certificates(roots, "the root certificates")) {
      store.setCertificateEntry("root " + number++, root);
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  static SSLContext context(KeyManager[] own, TrustManager[] trusted)
      throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own, trusted, null);
    return context;
  }

  private static KeyStore emptyStore() throws GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try {
      store.load(null, NO_PASSWORD);
    } catch (IOException e) {
      throw new GeneralSecurityException("no key store", e);
    }
    return store;
  }

  /** What one signs the other one verifies; keys of RSA show it without. */
  private static boolean belongs(PrivateKey key, PublicKey publicKey)
      throws GeneralSecurityException {
    if (key instanceof RSAKey one && publicKey instanceof RSAKey other) {
      return one.getModulus().equals(other.getModulus());
    }
    String algorithm =
        switch (key.getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "DSA" -> "SHA256withDSA";
          default -> key.getAlgorithm();
        };
    byte[] text = {1, 2, 3};
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(key);
    signature.update(text);
    byte[] signed = signature.sign();
    try {
      signature.initVerify(publicKey);
      signature.update(text);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false; // a key of another kind
    }
  }
}
