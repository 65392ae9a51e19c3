"""gRPC's channel, over the native one: what stock stubs take. Imports grpc."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from samehost import _exit, _logging, _native, _telemetry
from samehost._connectivity import STATES, Subscribers
from samehost._dispatch import Dispatch
from samehost._methods import (
    CompressingUnaryUnary,
    Method,
    StreamStream,
    StreamUnary,
    UnaryStream,
    UnaryUnary,
)
from samehost._options import ChannelOptions, gzip_asked, of_channel
from samehost._services import Services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from typing_extensions import Self, Unpack

    from samehost._messages import Deserializer, Serializer
    from samehost._types import RpcMethodHandler

_logging.turn_on()


class BaseChannel(grpc.Channel):
    """What every channel has that calls over a native one: its state, and the four kinds of methods."""

    def __init__(self, native: _native.Channel, ending: _exit.Ending, *, gzip: bool) -> None:
        super().__init__()
        self._native = native
        self._gzip = gzip
        self._subscribers = Subscribers(native)
        self._ending = ending

    @property
    def address(self) -> str:
        """The address that its calls go to."""
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _method(self, path: str, serializer: Serializer, deserializer: Deserializer) -> Method:
        return Method(self._native, path, serializer, deserializer, gzip=self._gzip, ending=self._ending)


class Channel(BaseChannel):
    """The way to one server. It connects at the first call, and again when it has to.

    Any number of threads may call over it at once; one of those that wait reads the connection for all, so a
    call that is waited for is not handed from thread to thread. `stdio:COMMAND` starts the command, which
    lives as long as the connection; a child that has ended is started again by a later call, after a wait
    that grows. Not to be used in a process forked from this one: make another.

    It can be given services, as a server is: whoever it connects to may call them back, over that connection
    (`samehost.caller`). They run on the thread pool that it is given, or, without one, each on the thread
    that has read its request. While it offers any, a thread of its own reads the connection.
    """

    def __init__(
        self,
        address: str,
        options: Sequence[tuple[str, Any]] | None = None,
        compression: grpc.Compression | None = None,
        *,
        thread_pool: ThreadPoolExecutor | None = None,
        server_interceptors: Sequence[grpc.ServerInterceptor] | None = None,
        **more: Unpack[ChannelOptions],
    ) -> None:
        """Make the channel; nothing is connected yet.

        `options` are gRPC's channel arguments, of which those are heeded that mean something inside a host;
        `compression` is what calls, and answers to calls back, do that do not say otherwise; `thread_pool`
        and `server_interceptors` are for the services that it offers; all others are `ChannelOptions`. Raises
        ValueError for an address that is none, and for an option out of its range.
        """
        try:
            native = _native.Channel(address, **of_channel(options, more))
        except _native.StatusError as error:
            raise ValueError(error.text) from error
        # The interpreter waits for the threads of a pool, and one of them may wait for the peer.
        ending = _exit.of_channel(native.close) if thread_pool is None else _exit.of_server(native.close)
        gzip = gzip_asked(compression)
        super().__init__(native, ending, gzip=gzip)
        self._is_inline = thread_pool is None
        self._services = Services((), server_interceptors or ())
        self._dispatch = Dispatch(self._services, thread_pool, None, gzip=gzip, sends_tracebacks=False)

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Offer what these handlers say they serve. RuntimeError once the channel is in use."""
        self._offer()
        self._services.add_generic(generic_rpc_handlers)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, RpcMethodHandler]
    ) -> None:
        """Offer these methods of a service. RuntimeError once the channel is in use."""
        self._offer()
        self._dispatch.add_registered(service_name, method_handlers)

    def close(self) -> None:
        """Take no more calls, and fail the open ones, either way, with UNAVAILABLE. May be repeated."""
        self._subscribers.clear()
        self._native.close()

    def _offer(self) -> None:
        self._native.offer(self._dispatch, inline=self._is_inline, unary=self._dispatch.unary)


def channel(
    address: str,
    options: Sequence[tuple[str, Any]] | None = None,
    compression: grpc.Compression | None = None,
    *,
    thread_pool: ThreadPoolExecutor | None = None,
    server_interceptors: Sequence[grpc.ServerInterceptor] | None = None,
    **more: Unpack[ChannelOptions],
) -> grpc.Channel:
    """Make a channel to an address such as `unix:/run/app.sock` or `stdio:python3 worker.py`.

    As `Channel`. Where OpenTelemetry's gRPC instrumentation of clients is on, it is told of this channel too,
    and that of servers of the services that are offered on it.
    """
    made = Channel(
        address,
        options,
        compression,
        thread_pool=thread_pool,
        server_interceptors=_telemetry.of_server(server_interceptors or ()),
        **more,
    )
    shown: Any = _telemetry.of_channel(lambda: made, address)
    if shown is not made:
        # It knows the methods of gRPC's channels alone; a servicer is added by these.
        shown.add_generic_rpc_handlers = made.add_generic_rpc_handlers
        shown.add_registered_method_handlers = made.add_registered_method_handlers
    return shown  # type: ignore[no-any-return]
