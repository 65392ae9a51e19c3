"""Who calls, in gRPC's terms, for the contexts of both surfaces. Knows no wire and no grpc."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samehost import _native

# Under this name the authentication context has what identifies a caller.
IDENTITY_KEY = "uid"


def address(peer: _native.Peer) -> str:
    """Write the address of a peer as gRPC does.

    It begins with `unix:` for every link inside the host: programs take other peers for `IP:PORT`.
    """
    scheme, _, rest = peer.address.partition(":")
    if scheme == "unix-abstract":
        return f"unix:@{rest}"
    return peer.address if scheme == "unix" else f"unix:{scheme}"


def auth_context(peer: _native.Peer) -> dict[str, list[bytes]]:
    """Tell what the system vouches for of a peer, and over which address it calls."""
    known = {"pid": peer.process_id, "uid": peer.user_id, "gid": peer.group_id}
    told = {name: [str(value).encode()] for name, value in known.items() if value is not None}
    return {"transport_security_type": [b"local"], "address": [peer.address.encode()], **told}
