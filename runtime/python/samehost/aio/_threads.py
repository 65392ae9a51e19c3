"""Lets a handler that is no coroutine's serve a call of an event loop, from a thread of a pool.

What it asks of the call is done on the loop, and it waits for that.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from samehost import _native


class ThreadCall:
    """A call of a loop, with the methods of `_native.ServerCall`, for any thread.

    On the loop's own, whatever has to wait raises.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, call: _native.AioServerCall) -> None:
        self._loop = loop
        self._call = call
        self.path = call.path
        self.metadata = call.metadata
        self.peer = call.peer

    def caller(self) -> _native.Channel:
        """As the call's."""
        return self._call.caller_for_threads()

    def time_left(self) -> float | None:
        """As the call's."""
        left: float | None = self._ask(self._call.time_left)
        return left

    def receive(self) -> bytes | None:
        """As the call's; waits."""
        data: bytes | None = self._ask(self._call.receive)
        return data

    def received_compressed(self) -> bool:
        """As the call's."""
        return bool(self._ask(self._call.received_compressed))

    def set_compression(self, gzip: bool) -> None:
        """As the call's."""
        self._ask(self._call.set_compression, gzip)

    def send_headers(self, metadata: Any = ()) -> bool:
        """As the call's."""
        return bool(self._ask(self._call.send_headers, metadata))

    def send(self, message: bytes, compress: bool = True) -> bool:
        """As the call's; waits for room."""
        return bool(self._ask(self._call.send, message, compress))

    def answer(self, *arguments: Any, **more: Any) -> bool:
        """As the call's."""
        return bool(self._ask(self._call.answer, *arguments, **more))

    def cancel(self, code: int = 1, text: str = "") -> bool:
        """As the call's."""
        return bool(self._ask(self._call.cancel, code, text))

    def is_over(self) -> bool:
        """As the call's."""
        return bool(self._ask(self._call.is_over))

    def was_cancelled(self) -> bool:
        """As the call's."""
        return bool(self._ask(self._call.was_cancelled))

    def add_done_callback(self, callback: Callable[[], object]) -> bool:
        """As the call's; the callback runs on the loop."""
        return bool(self._ask(self._call.add_done_callback, callback))

    def _ask(self, function: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        async def ask() -> Any:
            answer = function(*arguments, **more)
            return await answer if isinstance(answer, asyncio.Future) else answer

        if self._is_on_loop():
            answer = function(*arguments, **more)
            return answer.result() if isinstance(answer, asyncio.Future) else answer
        return asyncio.run_coroutine_threadsafe(ask(), self._loop).result()

    def _is_on_loop(self) -> bool:
        """Whether this is the loop's thread, as in callbacks: it may ask, and nothing that waits."""
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False
