"""Calls that an interceptor of a client has answered itself: by a response, or by an iterator of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc.aio

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator


class AnsweredCall(grpc.aio.UnaryUnaryCall[Any, Any], grpc.aio.StreamUnaryCall[Any, Any]):
    """A call that is over and well, with this response."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def __await__(self) -> Generator[None, None, Any]:
        yield from ()
        return self._response

    def cancel(self) -> bool:
        """Answer no: there is nothing to cancel."""
        return False

    def cancelled(self) -> bool:
        """Answer no."""
        return False

    def done(self) -> bool:
        """Answer yes."""
        return True

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Call the callback at once."""
        callback(self)

    def time_remaining(self) -> None:
        """Answer nothing: no deadline matters any more."""

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """Answer none."""
        return grpc.aio.Metadata()

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """Answer none."""
        return grpc.aio.Metadata()

    async def code(self) -> grpc.StatusCode:
        """Answer OK."""
        return grpc.StatusCode.OK

    async def details(self) -> str:
        """Answer nothing."""
        return ""

    async def debug_error_string(self) -> str:
        """Answer nothing."""
        return ""

    async def wait_for_connection(self) -> None:
        """Wait for nothing."""

    async def write(self, request: Any) -> None:
        """Refuse: the call is over."""
        del request
        message = "RPC already finished."
        raise asyncio.InvalidStateError(message)

    async def done_writing(self) -> None:
        """Do nothing: the call is over."""


class _IteratedCall(grpc.aio.Call):
    """A stream of responses from an interceptor's iterator; everything else is that of the call beneath.

    Where the interceptor has begun none, the call is over and well.
    """

    def __init__(self, responses: AsyncIterable[Any], beneath: grpc.aio.Call | None) -> None:
        self._responses = responses
        self._iterator: AsyncIterator[Any] | None = None
        self._beneath: grpc.aio.Call = beneath or AnsweredCall(None)

    def __aiter__(self) -> AsyncIterator[Any]:
        if self._iterator is None:
            self._iterator = self._responses.__aiter__()
        return self._iterator

    async def read(self) -> Any:
        """Wait for the next response; `grpc.aio.EOF` behind the last one."""
        try:
            return await self.__aiter__().__anext__()
        except StopAsyncIteration:
            return grpc.aio.EOF

    def cancel(self) -> bool:
        """End the call beneath."""
        return self._beneath.cancel()

    def cancelled(self) -> bool:
        """Answer whether the call beneath was."""
        return self._beneath.cancelled()

    def done(self) -> bool:
        """Answer whether the call beneath is over."""
        return self._beneath.done()

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Have the callback called with this object once the call beneath is over."""
        self._beneath.add_done_callback(lambda _: callback(self))

    def time_remaining(self) -> float | None:
        """Answer the seconds until the deadline of the call beneath."""
        return self._beneath.time_remaining()

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """Wait for that of the call beneath."""
        return await self._beneath.initial_metadata()

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """Wait for that of the call beneath."""
        return await self._beneath.trailing_metadata()

    async def code(self) -> grpc.StatusCode:
        """Wait for that of the call beneath."""
        return await self._beneath.code()

    async def details(self) -> str:
        """Wait for those of the call beneath."""
        return await self._beneath.details()

    async def debug_error_string(self) -> str:
        """Wait for that of the call beneath."""
        told: str = await self._beneath.debug_error_string()  # type: ignore[attr-defined]
        return told

    async def wait_for_connection(self) -> None:
        """Wait for that of the call beneath."""
        await self._beneath.wait_for_connection()


class IteratedUnaryStreamCall(_IteratedCall, grpc.aio.UnaryStreamCall[Any, Any]):
    """A call with one request, whose responses come from an interceptor's iterator."""


class IteratedStreamStreamCall(_IteratedCall, grpc.aio.StreamStreamCall[Any, Any]):
    """A call with a stream of requests, whose responses come from an interceptor's iterator."""

    async def write(self, request: Any) -> None:
        """Refuse: the requests come from the iterator that the interceptor was given."""
        del request
        raise NotImplementedError

    async def done_writing(self) -> None:
        """Refuse, as `write`."""
        raise NotImplementedError
