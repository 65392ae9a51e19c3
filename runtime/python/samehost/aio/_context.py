"""What an asynchronous handler knows of its call, and can tell it: the `ServicerContext` of `grpc.aio`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NoReturn

import grpc.aio

from samehost import _native, _peers
from samehost._context import CallEnded, unsayable
from samehost._messages import CLIENT, SERVER, deserialized, serialized
from samehost._metadata import Metadata, incoming
from samehost._status import number_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from samehost.aio._types import Handler, MetadataIn

# What grpcio says: programs look for these words.
FINISHED = "RPC already finished."
ABORTED = "Locally aborted."
ABORTED_TWICE = "Abort already called!"
HEADERS_SENT = "Send initial metadata failed: already sent"


class Context(grpc.aio.ServicerContext[Any, Any]):
    """The context of one call. It belongs to the server's loop."""

    def __init__(self, call: _native.AioServerCall, handler: Handler) -> None:
        self._call = call
        self._handler = handler
        self._metadata: Metadata | None = None
        self._code = grpc.StatusCode.OK
        self._details = ""
        self._trailers: MetadataIn = ()
        self._compresses_next = True
        self._answered = False
        # What `abort` raised, if it was called.
        self.aborted: grpc.aio.AbortError | None = None

    # Messages

    async def read(self) -> Any:
        """Wait for the next request; `grpc.aio.EOF` behind the last. CallEnded where the call ends before."""
        self.check_open()
        try:
            data = await self._call.receive()
        except _native.StatusError as error:
            raise CallEnded(error.text) from error
        if data is None:
            return grpc.aio.EOF
        try:
            return deserialized(data, self._handler.request_deserializer, CLIENT)
        except _native.StatusError as error:
            self.fail(error)
            raise CallEnded(error.text) from error

    async def write(self, message: Any) -> None:
        """Send a response; wait for room. CallEnded where the call is over."""
        self.check_open()
        data = self.encoded(message)
        if not await self._call.send(data, self._takes_compression()):
            raise CallEnded

    async def requests(self) -> AsyncIterator[Any]:
        """Iterate the requests, as handlers get them."""
        request = await self.read()
        while request is not grpc.aio.EOF:
            yield request
            request = await self.read()

    async def only_request(self) -> Any:
        """Wait for the one request of a call that has one; fail the call where it has none, or more."""
        request = await self.read()
        fault = None
        if request is grpc.aio.EOF:
            fault = _native.fault("message_missing", CLIENT)
        elif await self.read() is not grpc.aio.EOF:
            fault = _native.fault("message_surplus", CLIENT)
        if fault is not None:
            self.fail(fault)
            raise CallEnded(fault.text)
        return request

    def encoded(self, message: Any) -> bytes:
        """Make bytes of a response. Raises StatusError where that fails."""
        return serialized(message, self._handler.response_serializer, SERVER)

    # The call

    def done(self) -> bool:
        """Answer whether the call is over."""
        return self._call.is_over()

    def cancelled(self) -> bool:
        """Answer whether the call was over before it was answered."""
        return self._call.was_cancelled()

    def time_remaining(self) -> Any:
        """Answer the seconds until the caller gives up, not below 0; nothing without a deadline."""
        return self._call.time_left()

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Have the callback called with this object once the call is over, or at once."""
        if not self._call.add_done_callback(functools.partial(callback, self)):
            callback(self)

    # Its caller

    def invocation_metadata(self) -> Any:
        """Answer what the caller sent along."""
        if self._metadata is None:
            self._metadata = incoming(self._call.metadata)
        return self._metadata

    def peer(self) -> str:
        """Answer the address of the connection, in gRPC's notation."""
        return _peers.address(self._call.peer)

    def peer_identities(self) -> Any:
        """Answer the caller's user id, as decimal digits, or by TLS what its certificate is for.

        Nothing where it is not known.
        """
        context = self.auth_context()
        key = _peers.identity_key(context)
        return None if key is None else context[key]

    def peer_identity_key(self) -> str | None:
        """Answer the name under which `auth_context` has the caller's identity."""
        return _peers.identity_key(self.auth_context())

    def auth_context(self) -> Mapping[str, Any]:
        """Answer what the system vouches for of the caller: `pid`, `uid` and `gid`, as decimal digits.

        By TLS that is what gRPC tells of its certificate, by gRPC's names.
        """
        return _peers.auth_context(self._call.peer)

    def medium(self) -> str | None:
        """Answer what carries the call of a `shm:` address: samehost's own, beyond gRPC's API.

        That is shared memory; nothing where the caller came over the socket.
        """
        return self._call.medium()

    def _native_caller(self) -> _native.AioChannel:
        """Answer the way back to the caller, for `samehost.aio.caller`."""
        return self._call.caller()

    def request_was_compressed(self) -> bool:
        """Answer whether the last request came compressed: samehost's own, beyond gRPC's API."""
        return self._call.received_compressed()

    # What goes back

    async def send_initial_metadata(self, initial_metadata: MetadataIn) -> None:
        """Send the response's headers, once and before the first response."""
        self.check_open()
        try:
            sent = self._call.send_headers(initial_metadata or ())
        except RuntimeError as error:
            raise grpc.aio.UsageError(HEADERS_SENT) from error
        if not sent:
            raise CallEnded

    def set_compression(self, compression: grpc.Compression) -> None:
        """Compress the responses that follow, where it is gzip and the caller takes that."""
        self._call.set_compression(compression is grpc.Compression.Gzip)

    def disable_next_message_compression(self) -> None:
        """Leave the next response as it is."""
        self._compresses_next = False

    def set_trailing_metadata(self, trailing_metadata: MetadataIn) -> None:
        """Choose what is sent with the status."""
        self._trailers = trailing_metadata

    def trailing_metadata(self) -> Any:
        """Answer what was chosen to be sent with the status."""
        return self._trailers

    def set_code(self, code: grpc.StatusCode) -> None:
        """Choose the status's code."""
        self._code = code

    def code(self) -> Any:
        """Answer the code that was chosen; OK where none was."""
        return self._code

    def set_details(self, details: str) -> None:
        """Choose the status's text."""
        self._details = details

    def details(self) -> Any:
        """Answer the text that was chosen."""
        return self._details

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: MetadataIn = ()
    ) -> NoReturn:
        """End the call with this status, at once, and raise an exception that the handler is to let pass."""
        if self.aborted is not None:
            raise grpc.aio.UsageError(ABORTED_TWICE)
        self.aborted = grpc.aio.AbortError(ABORTED)
        self._code = grpc.StatusCode.UNKNOWN if code is grpc.StatusCode.OK else code
        self._details = details or self._details
        self._trailers = trailing_metadata or self._trailers
        self.finish()
        raise self.aborted

    async def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call with this status and its trailing metadata. Otherwise as `abort`."""
        await self.abort(status.code, status.details, status.trailing_metadata)

    # For whoever runs the handler

    @property
    def is_ok(self) -> bool:
        """Whether the code is OK, chosen or not."""
        return self._code is grpc.StatusCode.OK

    def check_open(self) -> None:
        """Raise what `abort` raised, and UsageError where the call was answered otherwise."""
        if self.aborted is not None:
            raise self.aborted
        if self._answered:
            raise grpc.aio.UsageError(FINISHED)

    def finish(self, data: bytes | None = None) -> None:
        """End the call with the status that was chosen, and a last response."""
        self._answer(number_of(self._code), self._details, data)

    def fail(self, error: _native.StatusError) -> None:
        """End the call by a fault; a code and a text that were chosen stand."""
        number = error.code if self.is_ok else number_of(self._code)
        self._answer(number, self._details or error.text, None)

    def _answer(self, number: int, details: str, data: bytes | None) -> None:
        self._answered = True
        trailers = self._trailers or ()
        try:
            self._call.answer(number, details, trailers, data, compress=self._takes_compression())
        except _native.StatusError as error:
            self._call.answer(error.code, error.text)
        except (TypeError, ValueError):
            fault = unsayable()
            self._call.answer(fault.code, fault.text)

    def _takes_compression(self) -> bool:
        takes, self._compresses_next = self._compresses_next, True
        return takes
