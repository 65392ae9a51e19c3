"""The two ways to one server: a channel for threads, and one for the event loop of the session."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import grpc

    from samehost_interop.client.stacks import Stack
    from samehost_interop.suite import Limits

    Answer = TypeVar("Answer")


class OnLoop:
    """An event loop on a thread of its own, for what is asynchronous."""

    def __init__(self) -> None:
        """Start it."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Answer]) -> Answer:
        """Run a coroutine on it, and wait for that."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Ways:
    """A channel of each surface to one address, each made when it is first asked for."""

    def __init__(
        self, stack: Stack, address: str, limits: Limits | None, loop: OnLoop, *, offers: bool = False
    ) -> None:
        """Take what they are made with, and whether they offer services. ValueError for a wrong address."""
        self.address = address
        self.loop = loop
        self._stack, self._limits, self._offers = stack, limits, offers
        self._of_loop: Any = None
        self.of_threads: grpc.Channel = stack.of_threads(address, limits, offers=offers)

    @property
    def both(self) -> bool:
        """Whether the one for the loop was asked for."""
        return self._of_loop is not None

    async def of_loop(self) -> Any:
        """Give the channel for the loop; to be asked there."""
        if self._of_loop is None:
            self._of_loop = self._stack.of_loop(self.address, self._limits, offers=self._offers)
        return self._of_loop

    def close(self) -> None:
        """Close both."""
        self.of_threads.close()
        if self._of_loop is not None:
            self.loop.run(self._of_loop.close())
