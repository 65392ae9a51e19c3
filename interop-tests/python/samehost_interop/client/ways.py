"""The two ways to one server: a channel for threads, and one for the event loop of the session."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import samehost
import samehost.aio

from samehost_interop.server.aio.services import Services as ServicesOfLoop
from samehost_interop.server.services import Services

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import grpc

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

    def __init__(self, address: str, limits: Limits | None, loop: OnLoop, *, offers: bool = False) -> None:
        """Take what they are made with, and whether they offer services. ValueError for a wrong address."""
        self.address = address
        self.loop = loop
        self._options = options(limits)
        self._offers = offers
        self._of_loop: samehost.aio.Channel | None = None
        self.of_threads: grpc.Channel = (
            _offering(samehost.channel, Services(), address, self._options)
            if offers
            else samehost.channel(address, **self._options)
        )

    @property
    def both(self) -> bool:
        """Whether the one for the loop was asked for."""
        return self._of_loop is not None

    async def of_loop(self) -> samehost.aio.Channel:
        """Give the channel for the loop; to be asked there."""
        if self._of_loop is None and self._offers:
            services = ServicesOfLoop()
            self._of_loop = _offering(samehost.aio.channel, services, self.address, self._options)
        elif self._of_loop is None:
            self._of_loop = samehost.aio.channel(self.address, **self._options)
        return self._of_loop

    def close(self) -> None:
        """Close both."""
        self.of_threads.close()
        if self._of_loop is not None:
            self.loop.run(self._of_loop.close())


def _offering(make: Callable[..., Any], services: Any, address: str, options: Any) -> Any:
    """Make a channel that offers services."""
    made = make(address, server_interceptors=services.interceptors, **options)
    services.add_to(made)
    return made


def options(limits: Limits | None) -> Any:
    """Name the options of a channel that has these limits."""
    if limits is None:
        return {}
    named = {
        "max_inbound_message_size": limits.max_message_bytes,
        "max_inbound_metadata_size": limits.max_metadata_bytes,
        "connect_timeout": _seconds(limits.connect_timeout_ms),
        "hello_timeout": _seconds(limits.hello_timeout_ms),
    }
    return {name: value for name, value in named.items() if value is not None}


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
