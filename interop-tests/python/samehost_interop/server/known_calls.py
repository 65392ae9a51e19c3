"""The calls that clients gave a key to: what became of each, and which may go on."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.stubs import control

if TYPE_CHECKING:
    from collections.abc import Callable

_STATE = control.HowEndedResponse


@dataclass
class _Entry:
    state: int = _STATE.UNKNOWN
    code: int = 0
    released: bool = False


class KnownCalls:
    """What is known of them. Any thread may use it."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        """Know none. `on_change` is called at each change, and must not wait."""
        self._on_change = on_change
        self._changed = threading.Condition()
        self._entries: dict[str, _Entry] = {}

    def opened(self, key: str) -> None:
        """Note that a call with this key has come."""
        with self._changed:
            self._entry(key).state = _STATE.OPEN
            self._notify()

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
            self._notify()

    def is_decided(self, key: str) -> bool:
        """Tell whether the call may go on, or is over."""
        with self._changed:
            entry = self._entry(key)
            return entry.released or entry.state != _STATE.OPEN

    def wait_until_released(self, key: str) -> bool:
        """Wait until the call may go on; answers whether it may, or is over."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_decided(key))
            return self._entry(key).released

    def has_reached(self, key: str, over: bool) -> bool:  # noqa: FBT001 the contract's
        """Tell whether the call is over, or else whether it has come."""
        with self._changed:
            state = self._entry(key).state
            return state in (_STATE.ENDED, _STATE.CANCELLED) or (state == _STATE.OPEN and not over)

    def how_ended(self, key: str, over: bool, seconds: float) -> Any:  # noqa: FBT001 the contract's
        """Tell what became of a call; waits until it is open, or over, for at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: self.has_reached(key, over), seconds)
            entry = self._entry(key)
            return control.HowEndedResponse(state=entry.state, code=entry.code)

    def _over(self, key: str, state: int, code: grpc.StatusCode) -> None:
        with self._changed:
            entry = self._entry(key)
            if entry.state == _STATE.OPEN:
                entry.state = state
                entry.code = code.value[0]
                self._notify()

    def _notify(self) -> None:
        self._changed.notify_all()
        self._on_change()

    def _entry(self, key: str) -> _Entry:
        return self._entries.setdefault(key, _Entry())
