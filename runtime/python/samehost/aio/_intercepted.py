"""Calls of a client that stand behind interceptors, or wait for credentials: the real one comes later.

Each looks at a task that answers the call. What an application writes meanwhile is kept for the iterator that
interceptors are given.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import grpc.aio

from samehost.aio._call import FINISHED, HALF_CLOSED, MIXED
from samehost.aio._ended import cancelled, rpc_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable

_END = object()


class InterceptedCall(grpc.aio.Call):
    """What is common to all of them. Dropped before the call is there, its interceptors are cancelled."""

    def __init__(self, task: asyncio.Task[grpc.aio.Call], timeout: float | None) -> None:
        self._task = task
        self._until = None if timeout is None else task.get_loop().time() + timeout

    def _call(self) -> grpc.aio.Call | None:
        """Answer the call, once it is there."""
        task = self._task
        there = task.done() and not task.cancelled() and task.exception() is None
        return task.result() if there else None

    async def _behind(self) -> grpc.aio.Call | grpc.aio.AioRpcError:
        """Wait for the call, or for the failure that stands for it; whatever else was raised is raised."""
        if not self._task.done():
            await asyncio.wait([self._task])
        if self._task.cancelled():
            return rpc_error(cancelled())
        error = self._task.exception()
        if isinstance(error, grpc.aio.AioRpcError):
            return error
        return self._task.result()

    def cancel(self) -> bool:
        """End the call, or the interceptors before it; answer whether there was something to end."""
        call = self._call()
        return self._task.cancel() if call is None else call.cancel()

    def cancelled(self) -> bool:
        """Answer whether the call ended with CANCELLED, or the interceptors were cancelled."""
        call = self._call()
        if call is not None:
            return call.cancelled()
        if not self._task.done() or self._task.cancelled():
            return self._task.cancelled()
        error = self._task.exception()
        return isinstance(error, grpc.aio.AioRpcError) and error.code() is grpc.StatusCode.CANCELLED

    def done(self) -> bool:
        """Answer whether the call is over, or will never be there."""
        call = self._call()
        return self._task.done() if call is None else call.done()

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Have the callback called with this object once the call is over, or at once."""
        if not self._task.done():
            self._task.add_done_callback(lambda _: self.add_done_callback(callback))
            return
        call = self._call()
        if call is None:
            callback(self)
        else:
            call.add_done_callback(lambda _: callback(self))

    def time_remaining(self) -> float | None:
        """Answer the seconds until the deadline, not below 0; nothing without one."""
        call = self._call()
        if call is not None:
            return call.time_remaining()
        return None if self._until is None else max(self._until - self._task.get_loop().time(), 0.0)

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """Wait for what the server sends before the first response."""
        behind = await self._behind()
        if isinstance(behind, grpc.aio.AioRpcError):
            return behind.initial_metadata() or grpc.aio.Metadata()
        return await behind.initial_metadata()

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """Wait for what the server sends with the status."""
        behind = await self._behind()
        if isinstance(behind, grpc.aio.AioRpcError):
            return behind.trailing_metadata() or grpc.aio.Metadata()
        return await behind.trailing_metadata()

    async def code(self) -> grpc.StatusCode:
        """Wait for the status's code."""
        behind = await self._behind()
        return behind.code() if isinstance(behind, grpc.aio.AioRpcError) else await behind.code()

    async def details(self) -> str:
        """Wait for the status's text."""
        behind = await self._behind()
        if isinstance(behind, grpc.aio.AioRpcError):
            return behind.details() or ""
        return await behind.details()

    async def debug_error_string(self) -> str:
        """Wait for the status; answer it in one line."""
        behind = await self._behind()
        if isinstance(behind, grpc.aio.AioRpcError):
            return behind.debug_error_string() or ""
        told: str = await behind.debug_error_string()  # type: ignore[attr-defined]
        return told

    async def wait_for_connection(self) -> None:
        """Wait until the call is there and has a connection; raise where it failed before."""
        call = await self._there()
        await call.wait_for_connection()

    async def _there(self) -> grpc.aio.Call:
        """Wait for the call; to be cancelled while waiting cancels the interceptors."""
        return await self._task

    def __del__(self) -> None:
        task = getattr(self, "_task", None)
        if task is not None and not task.done():
            with contextlib.suppress(RuntimeError):  # the loop is closed
                task.cancel()

    def __repr__(self) -> str:
        call = self._call()
        return f"<{type(self).__name__} of {self._task if call is None else call!r}>"


class _Awaited(InterceptedCall):
    """One with one response."""

    def __await__(self) -> Generator[Any, None, Any]:
        call = yield from self._task.__await__()
        return (yield from call.__await__())  # type: ignore[attr-defined]


class _Iterated(InterceptedCall):
    """One with a stream of responses."""

    _responses: AsyncIterator[Any] | None = None

    def __aiter__(self) -> AsyncIterator[Any]:
        if self._responses is None:
            self._responses = self._iterate()
        return self._responses

    async def _iterate(self) -> AsyncIterator[Any]:
        call = await self._there()
        async for response in call:  # type: ignore[attr-defined]
            yield response

    async def read(self) -> Any:
        """Wait for the next response; `grpc.aio.EOF` behind the last one. Raises where the call failed."""
        try:
            return await self.__aiter__().__anext__()
        except StopAsyncIteration:
            return grpc.aio.EOF


class Writes:
    """What an application writes, as an iterator: of one request at most that nobody has taken yet."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue(1)
        self._over = asyncio.get_running_loop().create_future()
        self.half_closed = False

    def stop(self, _: object) -> None:
        """Keep nothing any more: the call is over."""
        self._over.cancel()

    async def __aiter__(self) -> AsyncIterator[Any]:
        while True:
            request = await self._queue.get()
            if request is _END:
                return
            yield request

    async def put(self, request: Any) -> None:
        """Keep a request, once the one before was taken; InvalidStateError where the call ends before."""
        put = asyncio.get_running_loop().create_task(self._queue.put(request))
        try:
            await asyncio.wait([put, self._over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            put.cancel()
        if self._over.done():
            raise asyncio.InvalidStateError(FINISHED)

    async def end(self) -> None:
        """End the iterator behind what was put."""
        with contextlib.suppress(asyncio.InvalidStateError):
            await self.put(_END)


class _Written(InterceptedCall):
    """One with a stream of requests."""

    def __init__(
        self, task: asyncio.Task[grpc.aio.Call], timeout: float | None, writes: Writes | None
    ) -> None:
        super().__init__(task, timeout)
        self._writes = writes
        if writes is not None:
            self.add_done_callback(writes.stop)

    async def write(self, request: Any) -> None:
        """Send a request: wait until the one before was taken. Raises where the call has ended."""
        if self._writes is None:
            raise grpc.aio.UsageError(MIXED)
        if self.done():
            raise asyncio.InvalidStateError(FINISHED)
        if self._writes.half_closed:
            raise asyncio.InvalidStateError(HALF_CLOSED)
        await self._writes.put(request)

    async def done_writing(self) -> None:
        """Send no further request. May be repeated."""
        if self._writes is None:
            raise grpc.aio.UsageError(MIXED)
        if not self._writes.half_closed:
            self._writes.half_closed = True
            await self._writes.end()


class InterceptedUnaryUnaryCall(_Awaited, grpc.aio.UnaryUnaryCall[Any, Any]):
    """One with one request and one response."""


class InterceptedUnaryStreamCall(_Iterated, grpc.aio.UnaryStreamCall[Any, Any]):
    """One with one request and a stream of responses."""


class InterceptedStreamUnaryCall(_Written, _Awaited, grpc.aio.StreamUnaryCall[Any, Any]):
    """One with a stream of requests and one response."""


class InterceptedStreamStreamCall(_Written, _Iterated, grpc.aio.StreamStreamCall[Any, Any]):
    """One with streams both ways."""


def requests_of(
    requests: AsyncIterable[Any] | Iterable[Any] | None,
) -> tuple[AsyncIterable[Any] | Iterable[Any], Writes | None]:
    """Answer the iterator of requests, and what the application writes into where it gave none."""
    if requests is not None:
        return requests, None
    writes = Writes()
    return writes, writes
