"""The four kinds of methods of a channel, as the multi-callables of `grpc.aio`. They begin calls.

A call without interceptors and credentials begins at once; any other one behind a task.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import grpc.aio

from samehost import _credentials, _native
from samehost._messages import CLIENT, serialized
from samehost._metadata import joined
from samehost._options import gzip_asked
from samehost.aio._call import StreamStreamCall, StreamUnaryCall, UnaryStreamCall, UnaryUnaryCall
from samehost.aio._ended import failure, rpc_error
from samehost.aio._intercepted import (
    InterceptedStreamStreamCall,
    InterceptedStreamUnaryCall,
    InterceptedUnaryStreamCall,
    InterceptedUnaryUnaryCall,
    requests_of,
)
from samehost.aio._interceptors import Chain, Kind
from samehost.aio._types import (
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)

if TYPE_CHECKING:
    import weakref
    from collections.abc import AsyncIterable, Callable, Iterable

    from samehost._messages import Deserializer, Serializer
    from samehost.aio._types import MetadataIn

    Requests = AsyncIterable[Any] | Iterable[Any] | None


class Origin(Protocol):
    """What methods need of the channel that has them."""

    interceptors: dict[Kind, tuple[grpc.aio.ClientInterceptor, ...]]
    # Whether messages are compressed where a call does not say it.
    gzip: bool
    # Those that are cancelled when it is closed.
    calls: weakref.WeakSet[grpc.aio.Call]

    def bound(self) -> tuple[asyncio.AbstractEventLoop, _native.AioChannel]:
        """Answer the loop and what it drives; RuntimeError on another loop, UsageError once it is closed."""


class Method:
    """One method of a channel: its path, how its messages become bytes, and who intercepts its calls."""

    def __init__(
        self, channel: Origin, kind: Kind, path: str, serializer: Serializer, deserializer: Deserializer
    ) -> None:
        self.channel = channel
        self.kind = kind
        self.path = path
        self.serializer = serializer
        self.deserializer = deserializer
        self.interceptors = channel.interceptors[kind]

    def is_plain(self, credentials: grpc.CallCredentials | None) -> bool:
        """Whether a call needs nothing before it begins."""
        return credentials is None and not self.interceptors

    def intercept(
        self,
        begin: Callable[..., grpc.aio.Call],
        request: Any,
        timeout: float | None,
        metadata: MetadataIn,
        credentials: grpc.CallCredentials | None,
        wait_for_ready: bool | None,
        compression: grpc.Compression | None,
    ) -> asyncio.Task[grpc.aio.Call]:
        """Run the interceptors in a task; `begin` begins the plain call behind them."""

        async def begin_last(details: grpc.aio.ClientCallDetails, request: Any) -> grpc.aio.Call:
            path = details.method
            path = path.decode() if isinstance(path, bytes) else path
            extended = await _with_credentials(details.metadata, details.credentials, path, details.timeout)
            return begin(path, request, details.timeout, extended, details.wait_for_ready, compression)

        details = grpc.aio.ClientCallDetails(
            self.path.encode(),  # type: ignore[arg-type]  # bytes, as in grpcio: interceptors decode them
            timeout,
            metadata if isinstance(metadata, grpc.aio.Metadata) else grpc.aio.Metadata(*(metadata or ())),
            credentials,
            wait_for_ready,
        )
        loop, _ = self.channel.bound()
        return loop.create_task(Chain(self.kind, self.interceptors, begin_last).run(0, details, request))

    def encoded(self, request: Any) -> bytes:
        """Make bytes of the one request of a call. Raises AioRpcError where that fails."""
        try:
            return serialized(request, self.serializer, CLIENT)
        except _native.StatusError as error:
            raise rpc_error(failure(error)) from error

    def begin(
        self,
        path: str,
        timeout: float | None,
        metadata: MetadataIn,
        wait_for_ready: bool | None,
        compression: grpc.Compression | None,
    ) -> tuple[_native.AioChannel, _native.AioCall, Serializer, Deserializer]:
        """Begin a call with a stream; answers what it is shown by. Raises AioRpcError where it cannot."""
        _, native = self.channel.bound()
        gzip = gzip_asked(compression, self.channel.gzip)
        try:
            call = native.call(path, metadata, timeout, wait_for_ready, gzip)
        except _native.StatusError as error:
            raise rpc_error(failure(error)) from error
        return native, call, self.serializer, self.deserializer

    def track(self, call: Any) -> Any:
        """Have the call cancelled when the channel is closed."""
        self.channel.calls.add(call)
        return call


async def _with_credentials(
    metadata: MetadataIn, credentials: grpc.CallCredentials | None, path: str, timeout: float | None
) -> Any:
    """Add what credentials say. Their plugins may wait for others, so they are asked on a thread."""
    if credentials is None:
        return metadata
    loop = asyncio.get_running_loop()
    try:
        more = await loop.run_in_executor(None, _credentials.metadata_of, credentials, path, timeout)
    except _credentials.CredentialsError as error:
        fault = _native.fault("credentials_failed", str(error))
        raise rpc_error(failure(fault)) from error
    return joined(metadata, more)


class UnaryUnary(UnaryUnaryMultiCallable):
    """A method with one request and one response."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def __call__(
        self,
        request: Any,
        *,
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> grpc.aio.UnaryUnaryCall[Any, Any]:
        """Begin the call."""
        method = self._method
        if method.is_plain(credentials):
            return self._begin(method.path, request, timeout, metadata, wait_for_ready, compression)
        task = method.intercept(
            self._begin, request, timeout, metadata, credentials, wait_for_ready, compression
        )
        intercepted: grpc.aio.UnaryUnaryCall[Any, Any] = method.track(
            InterceptedUnaryUnaryCall(task, timeout)
        )
        return intercepted

    def _begin(
        self,
        path: str,
        request: Any,
        timeout: float | None,
        metadata: MetadataIn,
        wait_for_ready: bool | None,
        compression: grpc.Compression | None,
    ) -> UnaryUnaryCall:
        method = self._method
        data = method.encoded(request)
        _, native = method.channel.bound()
        gzip = gzip_asked(compression, method.channel.gzip)
        try:
            outcome = native.unary(path, data, metadata, timeout, wait_for_ready, gzip)
        except _native.StatusError as error:
            raise rpc_error(failure(error)) from error
        call: UnaryUnaryCall = method.track(UnaryUnaryCall(outcome, method.deserializer, timeout))
        return call


class UnaryStream(UnaryStreamMultiCallable):
    """A method with one request and a stream of responses."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def __call__(
        self,
        request: Any,
        *,
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> grpc.aio.UnaryStreamCall[Any, Any]:
        """Begin the call."""
        method = self._method
        if method.is_plain(credentials):
            return self._begin(method.path, request, timeout, metadata, wait_for_ready, compression)
        task = method.intercept(
            self._begin, request, timeout, metadata, credentials, wait_for_ready, compression
        )
        intercepted: grpc.aio.UnaryStreamCall[Any, Any] = method.track(
            InterceptedUnaryStreamCall(task, timeout)
        )
        return intercepted

    def _begin(self, path: str, request: Any, *rest: Any) -> UnaryStreamCall:
        method = self._method
        data = method.encoded(request)
        call: UnaryStreamCall = method.track(UnaryStreamCall(*method.begin(path, *rest)))
        call.send_one(data)
        return call


class StreamUnary(StreamUnaryMultiCallable):
    """A method with a stream of requests and one response."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def __call__(
        self,
        request_iterator: Requests = None,
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> grpc.aio.StreamUnaryCall[Any, Any]:
        """Begin the call; without an iterator the requests are written."""
        method = self._method
        if method.is_plain(credentials):
            return self._begin(method.path, request_iterator, timeout, metadata, wait_for_ready, compression)
        requests, writes = requests_of(request_iterator)
        task = method.intercept(
            self._begin, requests, timeout, metadata, credentials, wait_for_ready, compression
        )
        intercepted: grpc.aio.StreamUnaryCall[Any, Any] = method.track(
            InterceptedStreamUnaryCall(task, timeout, writes)
        )
        return intercepted

    def _begin(self, path: str, requests: Requests, *rest: Any) -> StreamUnaryCall:
        call: StreamUnaryCall = self._method.track(StreamUnaryCall(*self._method.begin(path, *rest)))
        call.begin(requests)
        return call


class StreamStream(StreamStreamMultiCallable):
    """A method with streams of requests and of responses."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def __call__(
        self,
        request_iterator: Requests = None,
        timeout: float | None = None,
        metadata: MetadataIn = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> grpc.aio.StreamStreamCall[Any, Any]:
        """Begin the call; without an iterator the requests are written."""
        method = self._method
        if method.is_plain(credentials):
            return self._begin(method.path, request_iterator, timeout, metadata, wait_for_ready, compression)
        requests, writes = requests_of(request_iterator)
        task = method.intercept(
            self._begin, requests, timeout, metadata, credentials, wait_for_ready, compression
        )
        intercepted: grpc.aio.StreamStreamCall[Any, Any] = method.track(
            InterceptedStreamStreamCall(task, timeout, writes)
        )
        return intercepted

    def _begin(self, path: str, requests: Requests, *rest: Any) -> StreamStreamCall:
        call: StreamStreamCall = self._method.track(StreamStreamCall(*self._method.begin(path, *rest)))
        call.begin(requests)
        return call
