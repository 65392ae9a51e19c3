"""The channel from a handler on a loop to its caller: calls back, over the connection of its call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from samehost import _native, _telemetry
from samehost._caller import native_caller
from samehost._options import gzip_asked
from samehost.aio._channel import BaseChannel
from samehost.aio._loops import working_loop

if TYPE_CHECKING:
    from collections.abc import Sequence

    import grpc.aio

    from samehost.aio._types import Context


class CallerChannel(BaseChannel):
    """The way back over one connection, for as long as that takes calls. It never makes one.

    It may be kept after the call, and belongs to the loop of the server. Once the connection has ended, calls
    fail with UNAVAILABLE at once, whether they wait for a connection or not.
    """

    _shutdown = "caller_gone"

    def __init__(
        self,
        native: _native.AioChannel,
        compression: grpc.Compression | None,
        interceptors: Sequence[grpc.aio.ClientInterceptor],
    ) -> None:
        super().__init__(native.address, interceptors, gzip=gzip_asked(compression))
        self._native = native
        self._loop = asyncio.get_running_loop()

    def bound(self) -> tuple[asyncio.AbstractEventLoop, _native.AioChannel]:
        """Answer the loop and what it drives; RuntimeError on another loop."""
        return working_loop(self._loop), self._native

    def medium(self) -> str | None:
        """Answer what carries the calls of a `shm:` address; nothing where it does not leave that open."""
        return self._native.medium()

    async def close(self, grace: float | None = None) -> None:
        """Do nothing: the connection is the caller's."""


def caller(
    context: Context,
    compression: grpc.Compression | None = None,
    interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
) -> grpc.aio.Channel:
    """Give a handler the channel to its caller, by the context of its call.

    The caller answers with the services that its own channel offers, or with UNIMPLEMENTED. The channel is
    cheap, and of no use to be closed: to do so, or to drop it, ends nothing. Where OpenTelemetry's
    instrumentation of asyncio's clients is on, its interceptors are put first. Raises TypeError where the
    call did not come over samehost, and for a handler that is no coroutine: it has `samehost.caller`.
    """
    native = native_caller(context)
    if not isinstance(native, _native.AioChannel):
        message = f"{type(context).__name__} is of no call that samehost.aio.caller can call back"
        raise TypeError(message)
    return CallerChannel(native, compression, _telemetry.of_aio_channel(interceptors or ()))
