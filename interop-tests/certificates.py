"""Makes what the two sides of TLS need, in a folder: `certificates.py FOLDER`.

An authority (`ca.pem`), the server's chain and key for this host's names (`chain.pem`, `key.pem`), and a
client's (`client-chain.pem`, `client-key.pem`). They are good for a day.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

HOST_NAMES: list[x509.GeneralName] = [
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
]
SIGNS_OTHERS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
DAY = dt.timedelta(days=1)
CLIENT_NAMES: list[x509.GeneralName] = [x509.DNSName("client.example")]


def write(folder: Path, prefix: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """Write a certificate and its key."""
    (folder / f"{prefix}chain.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{prefix}key.pem").write_bytes(pem)


class Authority:
    """One who signs certificates."""

    def __init__(self) -> None:
        """Make its key, and the certificate that it signs itself."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "samehost interop tests")])
        self.certificate = self._sign(
            self._name,
            self._key,
            [(x509.BasicConstraints(ca=True, path_length=0), True), (SIGNS_OTHERS, True)],
        )

    def _sign(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extensions: list[tuple[x509.ExtensionType, bool]],
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.timezone.utc)
        builder = x509.CertificateBuilder(
            self._name, name, key.public_key(), x509.random_serial_number(), now - DAY, now + DAY
        )
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        for extension, critical in [*extensions, (own, False), (signer, False)]:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self._key, SHA256())

    def issue(self, folder: Path, prefix: str, names: list[x509.GeneralName]) -> None:
        """Make a key, and the certificate of one who has these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, str(names[0].value))])
        write(folder, prefix, self._sign(name, key, [(x509.SubjectAlternativeName(names), False)]), key)


def main(folder: Path) -> None:
    """Make all."""
    authority = Authority()
    (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    authority.issue(folder, "", HOST_NAMES)
    authority.issue(folder, "client-", CLIENT_NAMES)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
