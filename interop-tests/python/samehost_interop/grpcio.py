"""gRPC's own wire in the place of samehost's: the addresses and the options that both know."""

from __future__ import annotations

from typing import Any

_MIB = 1 << 20
# As much as samehost takes within a host, where nothing else is said.
_MESSAGE_BYTES = 64 * _MIB


def target(address: str) -> str:
    """Give the name that gRPC has for an address of a Unix socket or of tcp."""
    scheme, _, rest = address.partition(":")
    return rest if scheme == "tcp" else address


def options(max_message_bytes: int | None = None, max_metadata_bytes: int | None = None) -> Any:
    """Give the arguments of a channel or of a server, which shares nothing with another one."""
    named = {
        "grpc.max_receive_message_length": max_message_bytes or _MESSAGE_BYTES,
        "grpc.max_metadata_size": max_metadata_bytes,
        "grpc.use_local_subchannel_pool": 1,
        "grpc.enable_http_proxy": 0,
        "grpc.so_reuseport": 0,
    }
    return [(name, value) for name, value in named.items() if value is not None]
