"""The calls that clients gave a key to: what became of each, and which may go on."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import grpc

from samehost_interop.stubs import control

_STATE = control.HowEndedResponse


@dataclass
class _Entry:
    state: int = _STATE.UNKNOWN
    code: int = 0
    released: bool = False


class KnownCalls:
    """What is known of them. Any thread may use it."""

    def __init__(self) -> None:
        """Know none."""
        self._changed = threading.Condition()
        self._entries: dict[str, _Entry] = {}

    def opened(self, key: str) -> None:
        """Note that a call with this key has come."""
        with self._changed:
            self._entry(key).state = _STATE.OPEN
            self._changed.notify_all()

    def ended(self, key: str, code: grpc.StatusCode) -> None:
        """Note that its handler has ended it; what comes later does not count."""
        self._over(key, _STATE.ENDED, code)

    def cancelled(self, key: str) -> None:
        """Note that it was cancelled before its handler had ended it."""
        self._over(key, _STATE.CANCELLED, grpc.StatusCode.CANCELLED)

    def release(self, key: str) -> None:
        """Let the call go on, now or when it comes."""
        with self._changed:
            self._entry(key).released = True
            self._changed.notify_all()

    def wait_until_released(self, key: str) -> bool:
        """Wait until the call may go on; answers whether it may, or is over."""
        with self._changed:
            entry = self._entry(key)
            self._changed.wait_for(lambda: entry.released or entry.state != _STATE.OPEN)
            return entry.released

    def how_ended(self, key: str, over: bool, seconds: float) -> Any:  # noqa: FBT001 the contract's
        """Tell what became of a call; waits until it is open, or over, for at most so long."""
        reached = {_STATE.ENDED, _STATE.CANCELLED} | (set() if over else {_STATE.OPEN})
        with self._changed:
            entry = self._entry(key)
            self._changed.wait_for(lambda: entry.state in reached, seconds)
            return control.HowEndedResponse(state=entry.state, code=entry.code)

    def _over(self, key: str, state: int, code: grpc.StatusCode) -> None:
        with self._changed:
            entry = self._entry(key)
            if entry.state == _STATE.OPEN:
                entry.state = state
                entry.code = code.value[0]
                self._changed.notify_all()

    def _entry(self, key: str) -> _Entry:
        return self._entries.setdefault(key, _Entry())
