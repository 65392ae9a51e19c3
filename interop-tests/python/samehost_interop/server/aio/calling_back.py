"""What a handler on a loop calls of its caller, as it was asked to, and what came of that."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import grpc.aio

from samehost_interop.server.calling_back import Asked
from samehost_interop.stubs import control

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def call_back(request: Any, caller: grpc.aio.Channel) -> Any:
    """Call, wait for all answers, and tell."""
    asked = Asked(request, caller)
    try:
        if request.depth:
            return await asked.control.CallBack(asked.deeper(), timeout=asked.timeout)
        await _BY_METHOD[request.method](asked)
    except grpc.aio.AioRpcError as error:
        asked.failed(error)
    return asked.answer


async def _unary(asked: Asked) -> None:
    for together in asked.rounds():
        calls = [asked.tests.UnaryCall(asked.unary(), timeout=asked.timeout) for _ in range(together)]
        for response in await asyncio.gather(*calls):
            asked.take(response)


async def _duplex(asked: Asked) -> None:
    call = asked.tests.FullDuplexCall(timeout=asked.timeout)
    with contextlib.suppress(asyncio.InvalidStateError):  # the call is over, and the next read says how
        for _ in range(asked.request.count):
            await call.write(asked.message())
            response = await call.read()
            if response is not grpc.aio.EOF:
                asked.take(response)
        await call.done_writing()
    while (response := await call.read()) is not grpc.aio.EOF:
        asked.take(response)


async def _hold(asked: Asked) -> None:
    await asked.control.Hold(control.HoldRequest(), timeout=asked.timeout)


_BY_METHOD: dict[int, Callable[[Asked], Awaitable[None]]] = {
    control.CallBackRequest.UNARY_CALL: _unary,
    control.CallBackRequest.FULL_DUPLEX_CALL: _duplex,
    control.CallBackRequest.HOLD: _hold,
}
