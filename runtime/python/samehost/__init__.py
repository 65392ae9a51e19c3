"""Calls between processes of one host, through gRPC's own stubs: only the address changes.

    with samehost.channel("unix:/run/app.sock") as channel:
        reply = greeter_pb2_grpc.GreeterStub(channel).Hello(request, timeout=1)

Importing this module is cheap: grpc is imported when `channel`, `server`, `caller` or one of the classes is
first asked for. What is for asyncio lies in `samehost.aio`, what is for children in `samehost.child`; both
need no import of their own.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samehost import aio, child
    from samehost._caller import caller
    from samehost._channel import Channel, channel
    from samehost._context import Context
    from samehost._server import Server, server
    from samehost._tls import ssl_channel_credentials, ssl_server_credentials

__all__ = [
    "Channel",
    "Context",
    "Server",
    "aio",
    "caller",
    "channel",
    "child",
    "server",
    "ssl_channel_credentials",
    "ssl_server_credentials",
]

# What is imported when it is first asked for, and whence.
_LAZY = {
    "Channel": "samehost._channel",
    "Context": "samehost._context",
    "Server": "samehost._server",
    "caller": "samehost._caller",
    "channel": "samehost._channel",
    "server": "samehost._server",
    "ssl_channel_credentials": "samehost._tls",
    "ssl_server_credentials": "samehost._tls",
}
_MODULES = ("aio", "child")


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"samehost.{name}")
    if name not in _LAZY:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_MODULES})
