"""The calls that clients gave a key to, for handlers on an event loop: who waits gives way to others."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from samehost_interop.server import known_calls

if TYPE_CHECKING:
    from collections.abc import Callable


class KnownCalls:
    """What is known of them. It belongs to its loop's thread."""

    def __init__(self) -> None:
        """Know none."""
        self._changed = asyncio.Event()
        self.known = known_calls.KnownCalls(self._change)

    async def wait_until_released(self, key: str) -> bool:
        """Wait until the call may go on; answers whether it may, or is over."""
        await self._until(lambda: self.known.is_decided(key))
        return self.known.wait_until_released(key)

    async def how_ended(self, key: str, over: bool, seconds: float) -> Any:  # noqa: FBT001 the contract's
        """Tell what became of a call; waits until it is open, or over, for at most so long."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._until(lambda: self.known.has_reached(key, over)), seconds)
        return self.known.how_ended(key, over, 0)

    def _change(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._changed.wait()
