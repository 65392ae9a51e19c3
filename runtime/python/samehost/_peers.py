"""Who calls, in gRPC's terms, for the contexts of both surfaces. Knows no wire and no grpc."""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samehost import _native

# Under these names the authentication context may have what identifies a caller, the best first.
_IDENTITY_KEYS = ("x509_subject_alternative_name", "x509_common_name", "uid")


def address(peer: _native.Peer) -> str:
    """Write the address of a peer as gRPC does: `ipv4:127.0.0.1:4000`, `ipv6:%5B::1%5D:4000` or `unix:...`.

    It begins with `unix:` for whatever has no IP address: programs take other peers for `IP:PORT`.
    """
    scheme, _, rest = peer.address.partition(":")
    if scheme == "tcp":
        return f"ipv6:{quote(rest, safe=':.')}" if rest.startswith("[") else f"ipv4:{rest}"
    if scheme == "unix-abstract":
        return f"unix:@{rest}"
    return peer.address if scheme == "unix" else f"unix:{scheme}"


def auth_context(peer: _native.Peer) -> dict[str, list[bytes]]:
    """Tell what is vouched for of a peer, by the system or by TLS, and over which address it calls."""
    if peer.tls:
        return {"transport_security_type": [b"ssl"], "address": [peer.address.encode()], **_certified(peer)}
    known = {"pid": peer.process_id, "uid": peer.user_id, "gid": peer.group_id}
    told = {name: [str(value).encode()] for name, value in known.items() if value is not None}
    return {"transport_security_type": [b"local"], "address": [peer.address.encode()], **told}


def identity_key(context: Mapping[str, list[bytes]]) -> str | None:
    """Find the name under which an authentication context has the caller's identity."""
    return next((key for key in _IDENTITY_KEYS if key in context), None)


def _certified(peer: _native.Peer) -> dict[str, list[bytes]]:
    told = {
        "x509_common_name": [] if peer.common_name is None else [peer.common_name],
        "x509_subject_alternative_name": peer.alternative_names,
        "x509_pem_cert": [_pem(certificate) for certificate in peer.certificates[:1]],
    }
    return {name: values for name, values in told.items() if values}


def _pem(certificate: bytes) -> bytes:
    text = b2a_base64(certificate, newline=False)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return b"\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""])
