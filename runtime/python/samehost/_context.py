"""What a handler knows of the call that it serves, and can tell it: gRPC's `ServicerContext`."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from samehost import _native, _peers
from samehost._messages import CLIENT, Deserializer, deserialized
from samehost._metadata import Metadata, incoming
from samehost._status import OK, number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from samehost._types import MetadataIn

_LOG = logging.getLogger("samehost")


def unsayable() -> _native.StatusError:
    """Tell of a status, whose text is no text or whose trailing metadata are none, that was just refused."""
    _LOG.exception("the status that a handler has chosen cannot be sent")
    return _native.fault("handler_failed")


class CallEnded(grpc.RpcError):
    """The call is over, so its handler need not go on. The text says how it ended."""


class Context(grpc.ServicerContext):
    """The context of one call. Any thread may use it, as long as the call goes on and after."""

    # What most calls never change; so that making a context is one assignment.
    _metadata: Metadata | None = None
    _code: grpc.StatusCode | None = None
    _details: str | None = None
    _trailers: MetadataIn = None
    _aborted = False
    _compresses_next = True
    # Whether nothing was chosen of how the call ends: OK, without text and trailers.
    is_plain = True

    def __init__(self, call: _native.ServerCall) -> None:
        self._call = call

    # The call

    def is_active(self) -> bool:
        """Answer whether somebody still waits for the answer."""
        return not self._call.is_over()

    def time_remaining(self) -> Any:
        """Answer the seconds until the caller gives up, not below 0; `inf` without a deadline.

        It can be handed on as the timeout of another call either way.
        """
        left = self._call.time_left()
        return math.inf if left is None else left

    def cancel(self) -> bool:
        """End the call at once; answer whether it was open."""
        return self._call.cancel()

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have the callback called when the call is over, however; answer no where it is."""

        def ended() -> None:
            try:
                callback()
            except Exception:
                _LOG.exception("a callback of a call raised")

        return self._call.add_done_callback(ended)

    # Its caller

    def invocation_metadata(self) -> Any:
        """Answer what the caller sent along."""
        metadata = self._metadata
        if metadata is None:
            metadata = self._metadata = incoming(self._call.metadata)
        return metadata

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

    def _native_caller(self) -> _native.Channel:
        """Answer the way back to the caller, for `samehost.caller`."""
        return self._call.caller()

    def request_was_compressed(self) -> bool:
        """Answer whether the last request came compressed: samehost's own, beyond gRPC's API."""
        return self._call.received_compressed()

    # What goes back

    def send_initial_metadata(self, initial_metadata: MetadataIn) -> None:
        """Send the response's headers, once and before the first response; ValueError where that is over."""
        try:
            sent = self._call.send_headers(initial_metadata or ())
        except RuntimeError as error:
            message = "Initial metadata no longer allowed!"
            raise ValueError(message) from error
        if not sent:
            raise CallEnded

    def set_compression(self, compression: grpc.Compression) -> None:
        """Compress the responses that follow, where it is gzip and the caller takes that."""
        self._call.set_compression(compression is grpc.Compression.Gzip)

    def disable_next_message_compression(self) -> None:
        """Leave the next response as it is."""
        self._compresses_next = self.is_plain = False

    def set_trailing_metadata(self, trailing_metadata: MetadataIn) -> None:
        """Choose what is sent with the status."""
        self._trailers = trailing_metadata
        self.is_plain = False

    def trailing_metadata(self) -> Any:
        """Answer what was chosen to be sent with the status."""
        return self._trailers

    def set_code(self, code: grpc.StatusCode) -> None:
        """Choose the status's code."""
        self._code = code
        self.is_plain = False

    def code(self) -> Any:
        """Answer the code that was chosen; nothing where none was."""
        return self._code

    def set_details(self, details: str) -> None:
        """Choose the status's text."""
        self._details = details
        self.is_plain = False

    def details(self) -> Any:
        """Answer the text that was chosen, as bytes, as grpcio does; nothing where none was."""
        return None if self._details is None else self._details.encode()

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        """End the call with this status, by an exception that the handler is to let pass."""
        if code is OK:
            _LOG.error("abort() was called with StatusCode.OK, which is no failure; the caller gets UNKNOWN")
            code, details = grpc.StatusCode.UNKNOWN, ""
        self._code, self._details, self._aborted, self.is_plain = code, details, True, False
        raise Exception  # noqa: TRY002 interceptors know an abort by its being no subclass

    def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call with this status and its trailing metadata. Otherwise as `abort`."""
        self._trailers = status.trailing_metadata
        self.abort(status.code, status.details)

    # For whoever runs the handler

    @property
    def aborted(self) -> bool:
        """Whether `abort` was called."""
        return self._aborted

    @property
    def is_ok(self) -> bool:
        """Whether the code is OK, chosen or not."""
        return self._code is None or self._code is OK

    def send(self, data: bytes) -> bool:
        """Send a response; answer no where the call is over."""
        return self._call.send(data, self._takes_compression())

    def finish(self, data: bytes | None = None) -> None:
        """End the call with the status that was chosen, and a last response."""
        number = 0 if self._code is None else number_of(self._code)
        self._answer(number, self._details or "", data)

    def fail(self, error: _native.StatusError) -> None:
        """End the call by a fault; a code and a text that were chosen stand."""
        number = error.code if self.is_ok else number_of(self._code)
        self._answer(number, error.text if self._details is None else self._details, None)

    def _answer(self, number: int, details: str, data: bytes | None) -> None:
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


class Requests:
    """The requests of a call, as the iterator that handlers get."""

    def __init__(self, call: _native.ServerCall, context: Context, deserializer: Deserializer) -> None:
        self._call = call
        self._context = context
        self._deserializer = deserializer

    def __iter__(self) -> Requests:
        return self

    def __next__(self) -> Any:
        """Wait for the next request; raise CallEnded where the call ends before the requests do."""
        try:
            data = self._call.receive()
        except _native.StatusError as error:
            raise CallEnded(error.text) from error
        if data is None:
            raise StopIteration
        try:
            return deserialized(data, self._deserializer, CLIENT)
        except _native.StatusError as error:
            self._context.fail(error)
            raise CallEnded(error.text) from error

    def next(self) -> Any:
        """Wait for the next request, as `next(requests)`."""
        return self.__next__()

    def only(self) -> Any:
        """Wait for the one request of a call that has one; fail the call where it has none, or more."""
        request = next(self, _NONE)
        fault = None
        if request is _NONE:
            fault = _native.fault("message_missing", CLIENT)
        elif next(self, _NONE) is not _NONE:
            fault = _native.fault("message_surplus", CLIENT)
        if fault is not None:
            self._context.fail(fault)
            raise CallEnded(fault.text)
        return request


_NONE: Any = object()
