"""What the interop tests need of a server beyond the standard service, on an event loop."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import grpc
import samehost.aio

from samehost_interop.blocks import block, is_intact
from samehost_interop.server.aio.calling_back import call_back
from samehost_interop.server.answers import description
from samehost_interop.server.told import CALLER, KEY
from samehost_interop.stubs import control, control_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from samehost_interop.server.aio.known_calls import KnownCalls

_MILLISECONDS = 1e3


class ControlService(control_grpc.ControlServiceServicer):  # type: ignore[misc]  # made by generate.py
    """Tells a client what became of its calls."""

    def __init__(self, calls: KnownCalls) -> None:
        """Know them."""
        self._calls = calls

    async def Describe(self, request: Any, context: Any) -> Any:  # noqa: N802 the contract's
        """Say who serves, and what it knows of this call."""
        del request
        return description(context.time_remaining(), CALLER.get())

    async def Echo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer with the same block."""
        del context
        return request

    async def Hold(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer once the call's key is released."""
        del request
        await self._wait(context)
        return control.HoldResponse()

    async def Unread(self, request_iterator: AsyncIterator[Any], context: Any) -> Any:  # noqa: N802
        """Ask for no message until the call's key is released; then take all of them."""
        await self._wait(context)
        answer = control.UnreadResponse()
        async for one in request_iterator:
            answer.messages += 1
            answer.bytes += len(one.body)
            if not is_intact(one):
                await context.abort(grpc.StatusCode.DATA_LOSS, "a block has wrong bytes")
        return answer

    async def Flood(  # noqa: N802
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Any]:
        """Write without waiting for what comes, and read beside it."""
        del context
        first = await request_iterator.__anext__()
        last = control.FloodResponse(read_bytes=len(first.block.body), intact=is_intact(first.block))

        async def count() -> None:
            async for request in request_iterator:
                last.read_bytes += len(request.block.body)
                last.intact = last.intact and is_intact(request.block)

        reader = asyncio.ensure_future(count())
        left, seed = first.response_bytes, 0
        try:
            while left > 0:
                size = min(left, first.message_bytes)
                yield control.FloodResponse(block=block(seed, size))
                left, seed = left - size, seed + 1
            await reader
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError, grpc.RpcError):  # the call is over
                await reader
        yield last

    async def Release(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Let the call with this key go on."""
        del context
        self._calls.known.release(request.key)
        return control.ReleaseResponse()

    async def HowEnded(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Tell what became of a call."""
        del context
        return await self._calls.how_ended(request.key, request.over, request.wait_millis / _MILLISECONDS)

    async def CallBack(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Call the caller back, and tell what came of that."""
        return await call_back(request, samehost.aio.caller(context))

    async def _wait(self, context: Any) -> None:
        """Wait until the call's key is released; without a key, until the call is over."""
        key = KEY.get()
        if key is None:
            await asyncio.Event().wait()
        elif not await self._calls.wait_until_released(key):
            await context.abort(grpc.StatusCode.CANCELLED, "the call was over before it was released")
