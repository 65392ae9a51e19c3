package dev.samehost;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** Reads certificates and private keys from their text in PEM. */
final class Pem {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");
  private static final List<String> CERTIFICATES =
      List.of("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE");
  private static final String KEY = "PRIVATE KEY";
  private static final String ENCRYPTED_KEY = "ENCRYPTED PRIVATE KEY";

  /** Which of them a key is for, its bytes say; there is no shorter way to ask. */
  private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS", "DSA");

  private Pem() {}

  /** What is between the lines of PEM that have one of these labels. */
  private static List<byte[]> blocks(byte[] text, List<String> labels)
      throws GeneralSecurityException {
    List<byte[]> blocks = new ArrayList<>();
    Matcher found = BLOCK.matcher(new String(text, StandardCharsets.ISO_8859_1));
    while (found.find()) {
      if (labels.contains(found.group(1))) {
        try {
          blocks.add(Base64.getMimeDecoder().decode(found.group(2)));
        } catch (IllegalArgumentException e) {
          throw new GeneralSecurityException("what is between the lines of PEM is no base64", e);
        }
      }
    }
    return blocks;
  }

  /**
   * The certificates in a text, at least one.
   *
   * @param what the text is, for people
   */
  static List<X509Certificate> certificates(byte[] text, String what)
      throws GeneralSecurityException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509Certificate> certificates = new ArrayList<>();
    for (byte[] block : blocks(text, CERTIFICATES)) {
      try {
        certificates.add(
            (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(block)));
      } catch (CertificateException e) {
        throw new GeneralSecurityException("a malformed certificate in " + what, e);
      }
    }
    if (certificates.isEmpty()) {
      throw new GeneralSecurityException("no certificate in " + what);
    }
    return certificates;
  }

  /** The private key in a text; the password is null where it needs none. */
  static PrivateKey privateKey(byte[] text, String password) throws GeneralSecurityException {
    for (byte[] plain : blocks(text, List.of(KEY))) {
      return privateKey(new PKCS8EncodedKeySpec(plain));
    }
    for (byte[] encrypted : blocks(text, List.of(ENCRYPTED_KEY))) {
      return privateKey(decrypted(encrypted, password));
    }
    throw new GeneralSecurityException("no private key in PKCS #8");
  }

  private static PrivateKey privateKey(PKCS8EncodedKeySpec key) throws GeneralSecurityException {
    GeneralSecurityException isOfNone =
        new GeneralSecurityException("a private key that is malformed, or of an unknown kind");
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(key);
      } catch (InvalidKeySpecException e) {
        isOfNone.addSuppressed(e);
      }
    }
    throw isOfNone;
  }

  private static PKCS8EncodedKeySpec decrypted(byte[] bytes, String password)
      throws GeneralSecurityException {
    if (password == null) {
      throw new GeneralSecurityException("the private key needs a password");
    }
    try {
      EncryptedPrivateKeyInfo encrypted = new EncryptedPrivateKeyInfo(bytes);
      // The algorithm's own name leaves open what its parameters say.
      String algorithm =
          encrypted.getAlgParameters() == null
              ? encrypted.getAlgName()
              : encrypted.getAlgParameters().toString();
      Cipher cipher = Cipher.getInstance(algorithm);
      cipher.init(
          Cipher.DECRYPT_MODE,
          SecretKeyFactory.getInstance(algorithm)
              .generateSecret(new PBEKeySpec(password.toCharArray())),
          encrypted.getAlgParameters());
      return encrypted.getKeySpec(cipher);
    } catch (IOException | GeneralSecurityException e) {
      throw new GeneralSecurityException("the private key cannot be decrypted", e);
    }
  }
}
