"""Tells subscribers of the states of a channel, as gRPC names them. Imports grpc; knows no wire."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import grpc

from samehost import _native

if TYPE_CHECKING:
    from collections.abc import Callable

    Callback = Callable[[grpc.ChannelConnectivity], None]

STATES = {
    _native.IDLE: grpc.ChannelConnectivity.IDLE,
    _native.CONNECTING: grpc.ChannelConnectivity.CONNECTING,
    _native.READY: grpc.ChannelConnectivity.READY,
    _native.TRANSIENT_FAILURE: grpc.ChannelConnectivity.TRANSIENT_FAILURE,
    _native.SHUTDOWN: grpc.ChannelConnectivity.SHUTDOWN,
}

_LOG = logging.getLogger("samehost")


class Subscribers:
    """Those who are told of a channel's states. Callbacks run on a thread of the native half."""

    def __init__(self, channel: _native.Channel) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._watches: list[tuple[Callback, _native.Watch]] = []

    def add(self, callback: Callback, *, connect: bool) -> None:
        """Have the callback called with the state, now and after each change; `connect` if it is idle."""

        def changed(state: int) -> None:
            try:
                callback(STATES[state])
            except Exception:
                _LOG.exception("a subscriber to the states of a channel raised")

        with self._lock:
            self._watches.append((callback, self._channel.watch_state(changed)))
        if connect:
            self._channel.state(connect=True)

    def remove(self, callback: Callback) -> None:
        """Call the callback no more; it may be none that was added."""
        with self._lock:
            for index, (known, watch) in enumerate(self._watches):
                if known == callback:
                    watch.cancel()
                    del self._watches[index]
                    return

    def clear(self) -> None:
        """Call none of them any more."""
        with self._lock:
            for _, watch in self._watches:
                watch.cancel()
            self._watches.clear()
