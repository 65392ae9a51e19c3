"""The service of the tests as an asynchronous servicer, and what runs and reaches it on a loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from typing import TYPE_CHECKING, Any, TypeVar

import grpc.aio
import samehost.aio
from echo import FOR_EVER, code_of
from stubs import SERVICE, Answer, EchoStub, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Result = TypeVar("Result")

# A machine may be busy: what is waited for comes at once or is a failure.
PATIENCE = 60


class Echo(echo_pb2_grpc.EchoServicer):  # type: ignore[misc]  # made at run time
    """Answers what was asked, or as the order says; and knows which calls were cancelled."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def Say(self, request: Any, context: Any) -> Any:  # noqa: N802 the contract's
        """Answer once."""
        await self._obey(request.order, context)
        return Answer(data=_data(request), count=1)

    async def Collect(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802
        """Answer the number of requests and their bytes."""
        data = b""
        count = 0
        async for request in request_iterator:
            await self._obey(request.order, context)
            data += request.data
            count += 1
        return Answer(data=data, count=count)

    async def Repeat(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Answer as often as the order says, then obey the rest of it."""
        for index in range(request.order.count):
            yield Answer(data=_data(request), count=index)
        await self._obey(request.order, context)

    async def Chat(self, request_iterator: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Answer each request at once."""
        count = 0
        async for request in request_iterator:
            await self._obey(request.order, context)
            yield Answer(data=_data(request), count=count)
            count += 1

    async def _obey(self, order: Any, context: Any) -> None:
        self.begun.set()
        if order.wait_millis:
            forever = order.wait_millis == FOR_EVER
            try:
                await asyncio.sleep(3600 if forever else order.wait_millis / 1000)
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        if order.panic:
            secret = "a secret of the handler"  # noqa: S105 what must not get out
            raise ValueError(secret)
        if order.code:
            await context.abort(code_of(order.code), order.text)


def _data(request: Any) -> bytes:
    return b"x" * request.order.bytes or bytes(request.data)


def on_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test on a loop of its own, within a limit of time."""

    @functools.wraps(test)
    def run(*arguments: Any, **more: Any) -> None:
        asyncio.run(soon(test(*arguments, **more)))

    return run


async def soon(awaited: Awaitable[Result]) -> Result:
    """Wait for what must come."""
    return await asyncio.wait_for(awaited, PATIENCE)


async def until(holds: Callable[[], object]) -> None:
    """Wait until it holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def serving(
    address: str, served: Any = None, channel: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[samehost.aio.Channel]:
    """Serve on this loop, and give a channel: a servicer, or a dict of handlers that take and give bytes."""
    server = samehost.aio.server(address, **options)
    if isinstance(served, dict):
        server.add_registered_method_handlers(SERVICE, served)
    else:
        echo_pb2_grpc.add_EchoServicer_to_server(served or Echo(), server)
    await server.start()
    try:
        async with samehost.aio.channel(address, **(channel or {})) as made:
            yield made
    finally:
        await server.stop(None)


@contextlib.asynccontextmanager
async def echoing(address: str, **options: Any) -> AsyncIterator[tuple[Any, Echo]]:
    """Serve the tests' service on this loop; give a stub, and the servicer."""
    servicer = Echo()
    async with serving(address, servicer, **options) as channel:
        yield EchoStub(channel), servicer


def unary(
    function: Callable[[bytes, Any], Any],
) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    """Serve one unary method by a function of bytes."""
    return {"Say": grpc.unary_unary_rpc_method_handler(function)}


def say(channel: grpc.aio.Channel) -> Any:
    """Give that method, from the other side."""
    return channel.unary_unary(f"/{SERVICE}/Say")
