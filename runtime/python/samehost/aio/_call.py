"""The calls of a client, as `grpc.aio` shows them: to be awaited, iterated, read and written.

A unary call is a future of its outcome; the others look at a native call. They belong to their loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import grpc.aio

from samehost import _native
from samehost._messages import CLIENT, SERVER, deserialized, serialized
from samehost._status import code_of
from samehost.aio._ended import CANCELLED, Ended, cancelled, debug_text, failure, rpc_error
from samehost.aio._requests import Sending

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable

    from samehost._messages import Deserializer, Serializer

# What grpcio says: programs look for these words.
FINISHED = "RPC already finished."
HALF_CLOSED = 'RPC is half closed after calling "done_writing".'
MIXED = "The iterator and read/write APIs may not be mixed on a single RPC."

_ITERATED = "iterated"
_READ = "read"


class PlainCall(grpc.aio.Call):
    """What every call has that no interceptor stands before: its status and its metadata."""

    def _known(self) -> Ended | None:
        """Answer the end of the call where it is known."""
        raise NotImplementedError

    async def _ended(self) -> Ended:
        """Wait for the end of the call. To be cancelled while waiting changes nothing about the call."""
        raise NotImplementedError

    def done(self) -> bool:
        """Answer whether the end of the call is known."""
        return self._known() is not None

    def cancelled(self) -> bool:
        """Answer whether the call ended with CANCELLED, on whichever side."""
        known = self._known()
        return known is not None and known.code == CANCELLED

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """Wait for what the server sends before the first response."""
        return grpc.aio.Metadata(*(await self._ended()).headers)

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """Wait for what the server sends with the status."""
        return grpc.aio.Metadata(*(await self._ended()).trailers)

    async def code(self) -> grpc.StatusCode:
        """Wait for the status's code."""
        return code_of((await self._ended()).code)

    async def details(self) -> str:
        """Wait for the status's text."""
        return (await self._ended()).text

    async def debug_error_string(self) -> str:
        """Wait for the status; answer it in one line."""
        return debug_text(await self._ended())

    def __repr__(self) -> str:
        known = self._known()
        name = type(self).__name__
        if known is None:
            return f"<{name} of RPC that is open>"
        return (
            f"<{name} of RPC that terminated with:\n\tstatus = {code_of(known.code)}\n"
            f'\tdetails = "{known.text}"\n>'
        )


class UnaryUnaryCall(PlainCall, grpc.aio.UnaryUnaryCall[Any, Any]):
    """A call with one request and one response: a future. Dropped before its end, it is cancelled."""

    def __init__(
        self,
        outcome: asyncio.Future[_native.Outcome],
        deserializer: Deserializer,
        timeout: float | None,
    ) -> None:
        self._outcome = outcome
        self._deserializer = deserializer
        self._until = None if timeout is None else outcome.get_loop().time() + timeout
        self._settled: tuple[Ended, Any] | None = None

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the response. To be cancelled while waiting cancels the call.

        Raises AioRpcError where the call failed, CancelledError where this side cancelled it.
        """
        yield from self._outcome
        ended, response = self._settle()
        if ended.code:
            raise rpc_error(ended)
        return response

    def _known(self) -> Ended | None:
        return self._settle()[0] if self._outcome.done() else None

    async def _ended(self) -> Ended:
        if not self._outcome.done():
            await asyncio.wait([self._outcome])
        return self._settle()[0]

    def _settle(self) -> tuple[Ended, Any]:
        """Look at the outcome, which is there, and at its message: once."""
        if self._settled is None:
            self._settled = (cancelled(), None) if self._outcome.cancelled() else self._decoded()
        return self._settled

    def _decoded(self) -> tuple[Ended, Any]:
        outcome = self._outcome.result()
        if outcome.code or outcome.message is None:
            return outcome, None
        try:
            return outcome, deserialized(outcome.message, self._deserializer, SERVER)
        except _native.StatusError as error:
            return failure(error, outcome), None

    def cancel(self) -> bool:
        """End the call; answer whether it was open."""
        return self._outcome.cancel()

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Have the callback called with this object once the call is over, or at once."""
        if self._outcome.done():
            callback(self)
        else:
            self._outcome.add_done_callback(lambda _: callback(self))

    def time_remaining(self) -> float | None:
        """Answer the seconds until the deadline, not below 0; nothing without one."""
        return None if self._until is None else max(self._until - self._outcome.get_loop().time(), 0.0)

    def response_was_compressed(self) -> bool:
        """Answer whether the response came compressed: samehost's own, beyond gRPC's API."""
        return self._outcome.done() and not self._outcome.cancelled() and self._outcome.result().compressed

    async def wait_for_connection(self) -> None:
        """Wait for the end of the call, as grpcio does; raise where it failed."""
        if self._outcome.cancelled():
            raise asyncio.CancelledError
        ended = await self._ended()
        if ended.code:
            raise rpc_error(ended)

    def __del__(self) -> None:
        outcome = getattr(self, "_outcome", None)
        if outcome is not None and not outcome.done():
            with contextlib.suppress(RuntimeError):  # the loop is closed
                outcome.cancel()


class StreamCall(PlainCall):
    """A call with a stream, either way: what is common to all that look at a native call."""

    def __init__(
        self,
        channel: _native.AioChannel,
        call: _native.AioCall,
        serializer: Serializer,
        deserializer: Deserializer,
    ) -> None:
        self._channel = channel
        self._call = call
        self._serializer = serializer
        self._deserializer = deserializer
        self._failure: Ended | None = None
        self._given_up = False

    def _known(self) -> Ended | None:
        return self._failure or self._call.known_outcome()

    async def _ended(self) -> Ended:
        return self._failure or await self._call.outcome()

    def cancel(self) -> bool:
        """End the call; answer whether it was open."""
        done = self._call.cancel()
        self._given_up = self._given_up or done
        return done

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Have the callback called with this object once the call is over, or at once."""
        if not self._call.add_done_callback(lambda: callback(self)):
            callback(self)

    def time_remaining(self) -> float | None:
        """Answer the seconds until the deadline, not below 0; nothing without one."""
        return self._call.time_left()

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """Wait for what the server sends before the first response."""
        return grpc.aio.Metadata(*await self._call.headers())

    def response_was_compressed(self) -> bool:
        """Answer whether the last response came compressed: samehost's own, beyond gRPC's API."""
        return self._call.received_compressed()

    async def wait_for_connection(self) -> None:
        """Wait until there is a connection for the call; raise where it failed before."""
        while not self.done():
            state = self._channel.state()
            if state == _native.READY:
                return
            waits: list[asyncio.Future[Any]] = [self._channel.wait_for_state(state), self._call.outcome()]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        await self._raise_for_status()

    async def _raise_for_status(self) -> None:
        if self._given_up:
            raise asyncio.CancelledError
        ended = await self._ended()
        if ended.code:
            raise rpc_error(ended)

    def _fail(self, error: _native.StatusError) -> grpc.aio.AioRpcError:
        """End the call with an error of this side's own."""
        self._call.cancel(error.text, error.code)
        self._failure = failure(error, self._call.known_outcome())
        return rpc_error(self._failure)


class _Responding(StreamCall):
    """A call whose responses are a stream."""

    _style: str | None = None

    def __aiter__(self) -> AsyncIterator[Any]:
        """Answer this object, whose responses are then not to be read otherwise."""
        self._use(_ITERATED)
        return self

    async def __anext__(self) -> Any:
        response = await self._next()
        if response is grpc.aio.EOF:
            raise StopAsyncIteration
        return response

    async def read(self) -> Any:
        """Wait for the next response; `grpc.aio.EOF` behind the last one. Raises where the call failed."""
        if self.done():
            await self._raise_for_status()
            return grpc.aio.EOF
        self._use(_READ)
        return await self._next()

    def _use(self, style: str) -> None:
        self._style = self._style or style
        if self._style != style:
            raise grpc.aio.UsageError(MIXED)

    async def _next(self) -> Any:
        try:
            data = await self._call.receive()
        except asyncio.CancelledError:
            self.cancel()
            raise
        if data is None:
            await self._raise_for_status()
            return grpc.aio.EOF
        try:
            return deserialized(data, self._deserializer, SERVER)
        except _native.StatusError as error:
            raise self._fail(error) from error


class _Requesting(StreamCall):
    """A call whose requests are a stream: written by the application, or sent from its iterator."""

    _half_closed = False
    _sending: Sending | None = None

    def _send_all(self, requests: AsyncIterable[Any] | Iterable[Any] | None) -> None:
        if requests is not None:
            self._sending = Sending(self._call, requests, self._serializer)

    async def write(self, request: Any, *, compress: bool = True) -> None:
        """Send a request; wait for a connection, and for room. Raises where the call has failed.

        Without `compress` it is left as it is in a call that compresses: samehost's own, beyond gRPC's API.
        """
        if self._sending is not None:
            raise grpc.aio.UsageError(MIXED)
        if self.done():
            raise asyncio.InvalidStateError(FINISHED)
        if self._half_closed:
            raise asyncio.InvalidStateError(HALF_CLOSED)
        try:
            data = serialized(request, self._serializer, CLIENT)
        except _native.StatusError as error:
            raise self._fail(error) from error
        try:
            sent = await self._call.send(data, compress=compress)
        except asyncio.CancelledError:
            self.cancel()
            raise
        if not sent:
            await self._raise_for_status()

    async def done_writing(self) -> None:
        """Send no further request. May be repeated."""
        if self._sending is not None:
            raise grpc.aio.UsageError(MIXED)
        if not self._half_closed and not self.done():
            self._half_closed = True
            self._call.half_close()

    @property
    def _done_writing_flag(self) -> bool:
        """Whether the request was ended: grpcio's interceptors look here."""
        return self._half_closed

    def __del__(self) -> None:
        if self._sending is not None:
            self._sending.stop()


class UnaryStreamCall(_Responding, grpc.aio.UnaryStreamCall[Any, Any]):
    """A call with one request and a stream of responses. Dropped before its end, it is cancelled."""

    def send_one(self, request: bytes) -> None:
        """Send the request."""
        self._call.send(request, last=True)


class StreamUnaryCall(_Requesting, grpc.aio.StreamUnaryCall[Any, Any]):
    """A call with a stream of requests and one response. Dropped before its end, it is cancelled."""

    _answer: asyncio.Task[bytes | None]
    _response: Any = None

    def begin(self, requests: AsyncIterable[Any] | Iterable[Any] | None) -> None:
        """Begin to send, and to wait for the response."""
        self._send_all(requests)
        self._answer = asyncio.get_running_loop().create_task(_one_response(self._call))

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the response. To be cancelled while waiting cancels the call."""
        try:
            data = yield from self._answer
        except asyncio.CancelledError:
            self.cancel()
            raise
        if self._given_up:
            raise asyncio.CancelledError
        ended = self._known()
        if ended is None or ended.code:
            raise rpc_error(ended or cancelled())
        if self._response is None:
            self._response = self._decoded(data)
        return self._response

    def _decoded(self, data: bytes | None) -> Any:
        try:
            if data is None:
                raise _native.fault("message_missing", SERVER)
            return deserialized(data, self._deserializer, SERVER)
        except _native.StatusError as error:
            raise self._fail(error) from error

    def __del__(self) -> None:
        super().__del__()
        if not self._call.is_over():
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._answer.cancel()


class StreamStreamCall(_Requesting, _Responding, grpc.aio.StreamStreamCall[Any, Any]):
    """A call with streams both ways. Dropped before its end, it is cancelled."""

    def begin(self, requests: AsyncIterable[Any] | Iterable[Any] | None) -> None:
        """Begin to send."""
        self._send_all(requests)


async def _one_response(call: _native.AioCall) -> bytes | None:
    """Receive the one message of a response, and wait for the end."""
    data = await call.receive()
    if data is not None and await call.receive() is not None:
        fault = _native.fault("message_surplus", SERVER)
        call.cancel(fault.text, fault.code)
    await call.outcome()
    return data
