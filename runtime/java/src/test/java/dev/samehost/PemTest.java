package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.testkit.Certificates;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Certificates and keys as their texts. */
final class PemTest {
  private static byte[] pem(String label, byte[] bytes) {
    String text = Base64.getMimeEncoder().encodeToString(bytes);
    return ("Bag Attributes: a - b\n-----BEGIN "
            + label
            + "-----\n"
            + text
            + "\n-----END "
            + label
            + "-----\n")
        .getBytes(US_ASCII);
  }

  private static String refused(byte[] text, String password) {
    return assertThrows(GeneralSecurityException.class, () -> Pem.privateKey(text, password))
        .getMessage();
  }

  @ParameterizedTest
  @EnumSource(names = {"ecp256", "ecp384", "rsa2048", "ed25519"})
  void keys_of_all_usual_kinds_are_read(Algorithm algorithm) throws Exception {
    PrivateKey key = algorithm.generateKeyPair(new SecureRandom()).getPrivate();
    assertThat(Pem.privateKey(pem("PRIVATE KEY", key.getEncoded()), null)).isEqualTo(key);
  }

  @Test
  void a_key_with_a_password_is_read_by_it_alone() throws Exception {
    PrivateKey key = Certificates.TRUSTED.server().getKeyPair().getPrivate();
    String algorithm = "PBEWithHmacSHA256AndAES_256";
    Cipher cipher = Cipher.getInstance(algorithm);
    cipher.init(
        Cipher.ENCRYPT_MODE,
        SecretKeyFactory.getInstance(algorithm)
            .generateSecret(new PBEKeySpec("secret".toCharArray())));
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("PBES2");
    parameters.init(cipher.getParameters().getEncoded());
    EncryptedPrivateKeyInfo encrypted =
        new EncryptedPrivateKeyInfo(parameters, cipher.doFinal(key.getEncoded()));
    byte[] text = pem("ENCRYPTED PRIVATE KEY", encrypted.getEncoded());
    assertThat(Pem.privateKey(text, "secret")).isEqualTo(key);
    assertThat(refused(text, "other")).isEqualTo("the private key cannot be decrypted");
    assertThat(refused(text, null)).isEqualTo("the private key needs a password");
  }

  @Test
  void what_is_no_key_is_told() {
    assertThat(refused(pem("PRIVATE KEY", new byte[] {1, 2}), null)).contains("malformed");
    assertThat(refused(pem("RSA PRIVATE KEY", new byte[] {1, 2}), null))
        .isEqualTo("no private key in PKCS #8");
    byte[] text =
        "-----BEGIN PRIVATE KEY-----\nAB=C=\n-----END PRIVATE KEY-----".getBytes(US_ASCII);
    assertThat(refused(text, null)).contains("no base64");
  }

  @Test
  void every_certificate_of_a_text_is_read_and_what_is_none_is_told() throws Exception {
    String one = Certificates.TRUSTED.server().getCertificatePEM();
    assertThat(Pem.certificates(("text\n" + one + "\n" + one).getBytes(US_ASCII), "them"))
        .hasSize(2);
    byte[] malformed = pem("CERTIFICATE", new byte[] {1, 2});
    assertThat(
            assertThrows(
                GeneralSecurityException.class, () -> Pem.certificates(malformed, "the roots")))
        .hasMessageThat()
        .isEqualTo("a malformed certificate in the roots");
  }
}
