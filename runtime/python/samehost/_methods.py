"""The four kinds of methods of a channel, as gRPC's multi-callables: what stubs call. They begin calls.

A unary call that waits goes through the native half alone, but where it has credentials or compresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samehost import _credentials, _native
from samehost._call import FailedCall, FinishedCall, OpenCall, ended
from samehost._messages import (
    CLIENT,
    SERVER,
    Deserializer,
    Serializer,
    deserialized,
    serialized,
    undecodable,
    unencodable,
)
from samehost._metadata import joined
from samehost._options import gzip_asked
from samehost._requests import send_all
from samehost._status import Outcome
from samehost._types import (
    MetadataIn,
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import grpc
    from typing_extensions import Self

    from samehost._exit import Ending


class Method:
    """One method of a channel: its path, and how its messages become bytes. Begins calls of any kind."""

    def __init__(
        self,
        channel: _native.Channel,
        path: str,
        serializer: Serializer,
        deserializer: Deserializer,
        *,
        gzip: bool,
        ending: Ending,
    ) -> None:
        self.channel = channel
        self.path = path
        self.serializer = serializer
        self.deserializer = deserializer
        self.gzip = gzip
        self._ending = ending

    def unary(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Call, wait, and answer the response."""
        return self.unary_with_call(request, timeout, metadata, credentials, wait_for_ready, compression)[0]

    def unary_with_call(
        self,
        request: Any,
        timeout: float | None,
        metadata: MetadataIn,
        credentials: grpc.CallCredentials | None,
        wait_for_ready: bool | None,
        compression: grpc.Compression | None,
    ) -> tuple[Any, grpc.Call]:
        """Call, wait, and answer the response with its call."""
        try:
            outcome = self.channel.unary(
                self.path,
                serialized(request, self.serializer, CLIENT),
                self._with_credentials(metadata, credentials, timeout),
                timeout,
                wait_for_ready,
                gzip_asked(compression, self.gzip),
            )
        except _native.StatusError as error:
            raise FailedCall(Outcome.failed(error)) from error
        return self._finished(Outcome.of(outcome), outcome.message)

    def begin(
        self,
        timeout: float | None,
        metadata: MetadataIn,
        credentials: grpc.CallCredentials | None,
        wait_for_ready: bool | None,
        compression: grpc.Compression | None,
    ) -> _native.Call:
        """Begin a call of any kind."""
        try:
            metadata = self._with_credentials(metadata, credentials, timeout)
            gzip = gzip_asked(compression, self.gzip)
            return self.channel.call(self.path, metadata, timeout, wait_for_ready, gzip)
        except _native.StatusError as error:
            raise FailedCall(Outcome.failed(error)) from error

    def send_one(self, call: _native.Call, request: Any) -> None:
        """Send the one request of a call."""
        try:
            call.send(serialized(request, self.serializer, CLIENT), last=True)
        except _native.StatusError as error:
            call.cancel(error.text, error.code)
            raise FailedCall(Outcome.failed(error)) from error

    def send_all(self, call: _native.Call, requests: Iterable[Any]) -> None:
        """Begin to send the requests of a call."""
        send_all(call, requests, self.serializer)

    def responses(self, call: _native.Call) -> OpenCall:
        """Show a call whose responses are a stream."""
        return OpenCall(call, self.deserializer, self._ending, streams=True)

    def response(self, call: _native.Call) -> OpenCall:
        """Show a call with one response, for which nobody waits yet."""
        call.collect(_nothing)
        return OpenCall(call, self.deserializer, self._ending, streams=False)

    def finish(self, call: _native.Call) -> tuple[Any, grpc.Call]:
        """Wait for the one response of a call; answer it with the call."""
        data = call.receive()
        if data is not None and call.receive() is not None:
            fault = _native.fault("message_surplus", SERVER)
            call.cancel(fault.text, fault.code)
        return self._finished(ended(call), data)

    def _finished(self, outcome: Outcome, data: bytes | None) -> tuple[Any, grpc.Call]:
        if not outcome.is_ok:
            raise FailedCall(outcome)
        try:
            if data is None:
                raise _native.fault("message_missing", SERVER)
            response = deserialized(data, self.deserializer, SERVER)
        except _native.StatusError as error:
            raise FailedCall(Outcome.failed(error)) from error
        return response, FinishedCall(outcome, response)

    def _with_credentials(
        self, metadata: MetadataIn, credentials: grpc.CallCredentials | None, timeout: float | None
    ) -> MetadataIn:
        if credentials is None:
            return metadata
        try:
            return joined(metadata, _credentials.metadata_of(credentials, self.path, timeout))
        except _credentials.CredentialsError as error:
            raise _native.fault("credentials_failed", str(error)) from error


def _nothing(_: object) -> None:
    """Take an outcome that is looked at in the call."""


def _unencodable(error: Exception) -> FailedCall:
    """Make what gRPC's users catch of what a serializer has raised."""
    return FailedCall(Outcome.failed(unencodable(error, CLIENT)))


def _undecodable(error: Exception) -> FailedCall:
    """Do the same for a deserializer."""
    return FailedCall(Outcome.failed(undecodable(error, SERVER)))


class UnaryUnary(_native.UnaryMethod, UnaryUnaryMultiCallable):
    """A unary method. Called, it is the native half from serialising to deserialising."""

    def __new__(cls, method: Method) -> Self:
        """Make one of a method."""
        return super().__new__(
            cls,
            method.channel,
            method.path,
            method.serializer,
            method.deserializer,
            FailedCall.of,
            _unencodable,
            _undecodable,
            method.unary,
        )

    def __init__(self, method: Method) -> None:
        super().__init__()
        self._method = method

    def with_call(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> tuple[Any, grpc.Call]:
        """Call, wait, and answer the response with its call."""
        return self._method.unary_with_call(
            request, timeout, metadata, credentials, wait_for_ready, compression
        )

    def future(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Call, and do not wait."""
        method = self._method
        call = method.begin(timeout, metadata, credentials, wait_for_ready, compression)
        method.send_one(call, request)
        return method.response(call)


class CompressingUnaryUnary(UnaryUnary):
    """A unary method of a channel that compresses wherever a call does not say otherwise."""

    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Call, wait, and answer the response."""
        return self._method.unary(request, timeout, metadata, credentials, wait_for_ready, compression)


class UnaryStream(UnaryStreamMultiCallable):
    """A method with one request and a stream of responses."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self._method = method

    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Begin the call; answer the iterator of responses."""
        method = self._method
        call = method.begin(timeout, metadata, credentials, wait_for_ready, compression)
        method.send_one(call, request)
        return method.responses(call)


class StreamUnary(StreamUnaryMultiCallable):
    """A method with a stream of requests and one response."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self._method = method

    def __call__(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Call, wait, and answer the response."""
        return self.with_call(request_iterator, timeout, metadata, credentials, wait_for_ready, compression)[
            0
        ]

    def with_call(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> tuple[Any, grpc.Call]:
        """Call, wait, and answer the response with its call."""
        method = self._method
        call = method.begin(timeout, metadata, credentials, wait_for_ready, compression)
        method.send_all(call, request_iterator)
        return method.finish(call)

    def future(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Call, and do not wait."""
        method = self._method
        call = method.begin(timeout, metadata, credentials, wait_for_ready, compression)
        method.send_all(call, request_iterator)
        return method.response(call)


class StreamStream(StreamStreamMultiCallable):
    """A method with streams of requests and of responses."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self._method = method

    def __call__(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Begin the call; answer the iterator of responses."""
        method = self._method
        call = method.begin(timeout, metadata, credentials, wait_for_ready, compression)
        method.send_all(call, request_iterator)
        return method.responses(call)
