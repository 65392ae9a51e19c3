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

from samehost import _native

if TYPE_CHECKING:
    from collections.abc import Callable

# How many seconds handlers get to notice that their calls are over.
_PATIENCE = 1.0

_channels: weakref.WeakSet[Ending] = weakref.WeakSet()
_servers: weakref.WeakSet[Ending] = weakref.WeakSet()


class Ending:
    """What is to be done when the interpreter ends, if somebody still holds this object."""

    def __init__(self, end: Callable[[], None]) -> None:
        self.end = end


def of_channel(close: Callable[[], None]) -> Ending:
    """Have a channel closed; all that can call over it is to hold the answer."""
    ending = Ending(close)
    _channels.add(ending)
    return ending


def of_server(stop: Callable[[], None]) -> Ending:
    """Have a server stopped, which is to hold the answer."""
    ending = Ending(stop)
    _servers.add(ending)
    return ending


def _end(endings: weakref.WeakSet[Ending]) -> None:
    for ending in list(endings):
        ending.end()


def _end_all() -> None:
    _end(_channels)
    _native.settle(_PATIENCE)


atexit.register(_end_all)
# The hook of concurrent.futures; where an interpreter has none, the end waits for handlers as in grpcio.
getattr(threading, "_register_atexit", atexit.register)(_end, _servers)
