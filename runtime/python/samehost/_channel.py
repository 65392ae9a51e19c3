"""gRPC's channel, over the native one: what stock stubs take. Imports grpc."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from samehost import _exit, _logging, _native, _telemetry
from samehost._connectivity import STATES, Subscribers
from samehost._methods import (
    CompressingUnaryUnary,
    Method,
    StreamStream,
    StreamUnary,
    UnaryStream,
    UnaryUnary,
)
from samehost._options import ChannelOptions, gzip_asked, of_channel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self, Unpack

    from samehost._messages import Deserializer, Serializer

_logging.turn_on()


class Channel(grpc.Channel):
    """The way to one server. It connects at the first call, and again when it has to.

    Any number of threads may call over it at once; one of those that wait reads the connection for all, so a
    call that is waited for is not handed from thread to thread. `stdio:COMMAND` starts the command, which
    lives as long as the connection; a child that has ended is started again by a later call, after a wait
    that grows. Not to be used in a process forked from this one: make another.
    """

    def __init__(
        self,
        address: str,
        options: Sequence[tuple[str, Any]] | None = None,
        compression: grpc.Compression | None = None,
        **more: Unpack[ChannelOptions],
    ) -> None:
        """Make the channel; nothing is connected yet.

        `options` are gRPC's channel arguments, of which those are heeded that mean something inside a host;
        `compression` is what calls do that do not say otherwise; all others are `ChannelOptions`. Raises
        ValueError for an address that is none, and for an option out of its range.
        """
        super().__init__()
        try:
            self._native = _native.Channel(address, **of_channel(options, more))
        except _native.StatusError as error:
            raise ValueError(error.text) from error
        self._gzip = gzip_asked(compression)
        self._subscribers = Subscribers(self._native)
        self._ending = _exit.of_channel(self._native.close)

    @property
    def address(self) -> str:
        """The address that this channel was made for."""
        return self._native.address

    def state(self, *, connect: bool = False) -> grpc.ChannelConnectivity:
        """Answer whether there is a connection; with `connect` an idle channel begins to make one."""
        return STATES[self._native.state(connect)]

    def medium(self) -> str | None:
        """Answer what carries the calls of a `shm:` address: shared memory, or the socket and why.

        Nothing where the address does not leave that open, and where there is no connection.
        """
        return self._native.medium()

    def subscribe(
        self, callback: Callable[[grpc.ChannelConnectivity], None], try_to_connect: bool | None = False
    ) -> None:
        """Have the callback called with the state, now and after each change, on a thread of its own."""
        self._subscribers.add(callback, connect=bool(try_to_connect))

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        """Call the callback no more."""
        self._subscribers.remove(callback)

    def unary_unary(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Make what a stub calls a unary method with."""
        made = self._method(method, request_serializer, response_deserializer)
        return CompressingUnaryUnary(made) if self._gzip else UnaryUnary(made)

    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Make what a stub calls a method with a stream of responses with."""
        return UnaryStream(self._method(method, request_serializer, response_deserializer))

    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Make what a stub calls a method with a stream of requests with."""
        return StreamUnary(self._method(method, request_serializer, response_deserializer))

    def stream_stream(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Make what a stub calls a method with streams both ways with."""
        return StreamStream(self._method(method, request_serializer, response_deserializer))

    def close(self) -> None:
        """Take no more calls, and fail the open ones with UNAVAILABLE. May be repeated."""
        self._subscribers.clear()
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _method(self, path: str, serializer: Serializer, deserializer: Deserializer) -> Method:
        return Method(self._native, path, serializer, deserializer, gzip=self._gzip, ending=self._ending)


def channel(
    address: str,
    options: Sequence[tuple[str, Any]] | None = None,
    compression: grpc.Compression | None = None,
    **more: Unpack[ChannelOptions],
) -> grpc.Channel:
    """Make a channel to an address such as `unix:/run/app.sock` or `stdio:python3 worker.py`.

    As `Channel`. Where OpenTelemetry's gRPC instrumentation of clients is on, it is told of this channel too.
    """
    return _telemetry.of_channel(lambda: Channel(address, options, compression, **more), address)
