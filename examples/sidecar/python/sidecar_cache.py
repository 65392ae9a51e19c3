"""The cache as a program on an event loop sees it: the sidecar may end and be started again meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import grpc
import samehost.aio
from cache_pb2 import Entry, GetRequest, PutRequest, WatchRequest
from cache_pb2_grpc import CacheStub

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from typing_extensions import Self

Reply = TypeVar("Reply")

# For a call, with the wait for a sidecar that is just being started.
PATIENCE = 10.0
TRIES = 3


class SidecarCache:
    """One connection, for all tasks of a loop."""

    def __init__(self, address: str) -> None:
        """Connect nothing yet."""
        self.channel = samehost.aio.channel(address)
        self.cache = CacheStub(self.channel)
        # How many calls were made again because the sidecar went away before it had answered.
        self.repeated = 0
        # How many watches ended though their reader wanted more.
        self.lost_watches = 0

    async def __aenter__(self) -> Self:
        """Connect nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Fail calls that are open."""
        await self.channel.close()

    async def get(self, key: str) -> Entry | None:
        """Answer an entry, if there is one."""
        try:
            return await self._repeatedly(self.cache.Get, GetRequest(key=key))
        except grpc.aio.AioRpcError as failure:
            if failure.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise

    async def put(self, key: str, value: bytes) -> int:
        """Set an entry, and answer its version."""
        reply = await self._repeatedly(self.cache.Put, PutRequest(key=key, value=value))
        return int(reply.version)

    async def follow(self, prefix: str) -> AsyncGenerator[Entry, None]:
        """Give all entries whose keys begin like this, and each change as it comes.

        None is left out though the sidecar ends meanwhile, or the reader is slow; only the last of several
        changes of one entry may be.
        """
        seen = 0
        while True:
            request = WatchRequest(prefix=prefix, after_version=seen)
            call = self.cache.Watch(request, wait_for_ready=True)
            try:
                async for entry in call:
                    yield entry
                    seen = entry.version
            except grpc.aio.AioRpcError as failure:
                # The sidecar ends, or this program was slow. All else is for people.
                if failure.code() not in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED}:
                    raise
                self.lost_watches += 1
            finally:
                call.cancel()  # where the reader has had enough

    async def _repeatedly(self, method: Callable[..., Awaitable[Reply]], request: object) -> Reply:
        """Make a call that does no harm when it is carried out twice."""
        tries = 1
        while True:
            try:
                return await method(request, timeout=PATIENCE, wait_for_ready=True)
            except grpc.aio.AioRpcError as failure:
                if failure.code() is not grpc.StatusCode.UNAVAILABLE or tries == TRIES:
                    raise
            tries += 1
            self.repeated += 1
