"""Ends what is open when the interpreter does, so that no thread is left waiting in native code.

Servers end before the interpreter waits for its threads, among which are those of a pool that wait for a
peer; channels after that, as threads that are waited for may still call.
"""

from __future__ import annotations

import atexit
import concurrent.futures.thread  # noqa: F401 its own hook is to run after ours, so it must be there first
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samehost import _native

_channels: weakref.WeakSet[_native.Channel] = weakref.WeakSet()
_servers: weakref.WeakSet[_native.Server] = weakref.WeakSet()


def close_at_exit(channel: _native.Channel) -> None:
    """Close the channel when the interpreter ends."""
    _channels.add(channel)


def stop_at_exit(server: _native.Server) -> None:
    """Stop the server when the interpreter ends."""
    _servers.add(server)


def _close_channels() -> None:
    for channel in list(_channels):
        channel.close()


def _stop_servers() -> None:
    for server in list(_servers):
        server.stop()


atexit.register(_close_channels)
# The hook of concurrent.futures; where an interpreter has none, the end waits for handlers as in grpcio.
getattr(threading, "_register_atexit", atexit.register)(_stop_servers)
