"""Who calls, in gRPC's terms, for the contexts of both surfaces. Knows no wire and no grpc."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from samehost import _native

# Under this name the authentication context has what identifies a caller.
IDENTITY_KEY = "uid"


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
    """Tell what the system vouches for of a peer, and over which address it calls."""
    known = {"pid": peer.process_id, "uid": peer.user_id, "gid": peer.group_id}
    told = {name: [str(value).encode()] for name, value in known.items() if value is not None}
    return {"transport_security_type": [b"local"], "address": [peer.address.encode()], **told}
