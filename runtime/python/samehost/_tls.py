"""Credentials for TLS, made as gRPC's own are. Knows no wire and no grpc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samehost import _native

if TYPE_CHECKING:
    from collections.abc import Sequence


def ssl_channel_credentials(
    root_certificates: bytes | None = None,
    private_key: bytes | None = None,
    certificate_chain: bytes | None = None,
) -> _native.ChannelCredentials:
    """Make what a channel to a `tcp:` address speaks TLS with; all that it takes is in PEM.

    It trusts the authorities of the system where it is given none, and shows the certificate that it is given
    to servers that want one. ValueError where it has a key or a chain alone.
    """
    return _native.ChannelCredentials(root_certificates, private_key, certificate_chain)


def ssl_server_credentials(
    private_key_certificate_chain_pairs: Sequence[tuple[bytes, bytes]],
    root_certificates: bytes | None = None,
    require_client_auth: bool = False,
) -> _native.ServerCredentials:
    """Make what a server speaks TLS with at a `tcp:` address; all that it takes is in PEM.

    Clients see the first pair, or the first one that is for the name that they ask for. With
    `require_client_auth` those alone are taken who have a certificate of the authorities given. ValueError
    where there is no pair, and where clients are to have certificates of nobody.
    """
    if require_client_auth and root_certificates is None:
        message = "Illegal to require client auth without providing root certificates!"
        raise ValueError(message)
    pairs = [(key, chain) for key, chain in private_key_certificate_chain_pairs]
    return _native.ServerCredentials(pairs, root_certificates if require_client_auth else None)


def of_server(given: object) -> _native.ServerCredentials:
    """Take credentials that were made here; TypeError for others: gRPC's hold what nobody else can read."""
    if isinstance(given, _native.ServerCredentials):
        return given
    maker = "samehost.ssl_server_credentials, which takes what gRPC's takes"
    message = f"credentials are made by {maker}; not {given!r}"
    raise TypeError(message)
