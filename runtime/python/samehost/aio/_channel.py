"""The channel of `grpc.aio` over the native one: what stock stubs take. Imports grpc."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any

import grpc.aio

from samehost import _logging, _native, _telemetry
from samehost._connectivity import STATES
from samehost._options import ChannelOptions, gzip_asked, of_channel
from samehost._services import Services
from samehost.aio._dispatch import Dispatch
from samehost.aio._interceptors import STREAM_STREAM, STREAM_UNARY, UNARY_STREAM, UNARY_UNARY, sorted_out
from samehost.aio._loops import working_loop
from samehost.aio._methods import Method, StreamStream, StreamUnary, UnaryStream, UnaryUnary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Executor

    from typing_extensions import Self, Unpack

    from samehost._messages import Deserializer, Serializer
    from samehost.aio._types import Handler

_logging.turn_on()


class BaseChannel(grpc.aio.Channel):
    """What every channel of an event loop has: its state, and the four kinds of methods."""

    # What is said where it takes no more calls.
    _shutdown = "channel_shutdown"

    def __init__(
        self, address: str, interceptors: Sequence[grpc.aio.ClientInterceptor] | None, *, gzip: bool
    ) -> None:
        self.interceptors = sorted_out(interceptors or ())
        self.gzip = gzip
        self.calls: weakref.WeakSet[grpc.aio.Call] = weakref.WeakSet()
        self._address = address
        self._closed = False

    @property
    def address(self) -> str:
        """The address that its calls go to."""
        return self._address

    def bound(self) -> tuple[asyncio.AbstractEventLoop, _native.AioChannel]:
        """Answer the loop and what it drives; RuntimeError on another loop, UsageError once it is closed."""
        raise NotImplementedError

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """Answer whether there is a connection; with `try_to_connect` an idle channel begins to make one."""
        if self._closed:
            return grpc.ChannelConnectivity.SHUTDOWN
        _, native = self.bound()
        return STATES[native.state(try_to_connect)]

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait until the state is another one."""
        if self.get_state() is last_observed_state:
            _, native = self.bound()
            await native.wait_for_state(last_observed_state.value[0])

    async def channel_ready(self) -> None:
        """Wait until there is a connection; begin to make one, and again whenever that fails.

        UsageError where the channel takes no more calls.
        """
        state = self.get_state(try_to_connect=True)
        while state is not grpc.ChannelConnectivity.READY:
            if state is grpc.ChannelConnectivity.SHUTDOWN:
                raise grpc.aio.UsageError(_native.fault(self._shutdown, self._address).text)
            await self.wait_for_state_change(state)
            state = self.get_state(try_to_connect=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def unary_unary(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: bool | None = False,
    ) -> UnaryUnary:
        """Make what a stub calls a unary method with."""
        return UnaryUnary(Method(self, UNARY_UNARY, method, request_serializer, response_deserializer))

    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: bool | None = False,
    ) -> UnaryStream:
        """Make what a stub calls a method with a stream of responses with."""
        return UnaryStream(Method(self, UNARY_STREAM, method, request_serializer, response_deserializer))

    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: bool | None = False,
    ) -> StreamUnary:
        """Make what a stub calls a method with a stream of requests with."""
        return StreamUnary(Method(self, STREAM_UNARY, method, request_serializer, response_deserializer))

    def stream_stream(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: bool | None = False,
    ) -> StreamStream:
        """Make what a stub calls a method with streams both ways with."""
        return StreamStream(Method(self, STREAM_STREAM, method, request_serializer, response_deserializer))


class Channel(BaseChannel):
    """The way to one server, for one event loop. It connects at the first call, and again when it has to.

    The loop is the one that runs when the channel is made, or else when it is first used. `stdio:COMMAND`
    starts the command, which lives as long as the connection.

    It can be given services, as a server is: whoever it connects to may call them back, over that connection
    (`samehost.aio.caller`). Each handler runs in a task of the loop, or, where it is no coroutine's, on the
    thread pool that the channel is given, or else on the loop's.
    """

    def __init__(
        self,
        address: str,
        options: Sequence[tuple[str, Any]] | None = None,
        compression: grpc.Compression | None = None,
        interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
        *,
        migration_thread_pool: Executor | None = None,
        server_interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
        **more: Unpack[ChannelOptions],
    ) -> None:
        """Make the channel; nothing is connected yet.

        `options` are gRPC's channel arguments, of which those are heeded that mean something inside a host;
        `compression` is what calls, and answers to calls back, do that do not say otherwise;
        `migration_thread_pool` and `server_interceptors` are for the services that it offers; all others are
        `ChannelOptions`. Raises ValueError for an address that is none, and for an option out of its range:
        here where a loop runs, at the first use otherwise.
        """
        gzip = gzip_asked(compression)
        super().__init__(address, interceptors, gzip=gzip)
        self._options = of_channel(options, more)
        self._services = Services((), ())
        self._dispatch = Dispatch(
            self._services,
            server_interceptors or (),
            migration_thread_pool,
            None,
            gzip=gzip,
            sends_tracebacks=False,
        )
        self._offers = False
        self._bound: tuple[asyncio.AbstractEventLoop, _native.AioChannel] | None = None
        self._bridge: _native.Loop | None = None
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self.bound()

    def bound(self) -> tuple[asyncio.AbstractEventLoop, _native.AioChannel]:
        """Answer the loop and what it drives; RuntimeError on another loop, UsageError once it is closed."""
        if self._closed:
            raise grpc.aio.UsageError(_native.fault(self._shutdown, self._address).text)
        loop = working_loop(self._bound[0] if self._bound else None)
        if self._bound is None:
            self._bridge = _native.Loop(loop)
            try:
                native = _native.AioChannel(self._bridge, self._address, **self._options)
            except _native.StatusError as error:
                raise ValueError(error.text) from error
            if self._offers:
                native.offer(self._dispatch)
            self._bound = (loop, native)
        return self._bound

    def medium(self) -> str | None:
        """Answer what carries the calls of a `shm:` address: shared memory, or the socket and why.

        Nothing where the address does not leave that open, and where there is no connection.
        """
        return self._bound[1].medium() if self._bound and not self._closed else None

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Offer what these handlers say they serve. RuntimeError once the channel is in use."""
        self._offer()
        self._services.add_generic(generic_rpc_handlers)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, Handler]
    ) -> None:
        """Offer these methods of a service. RuntimeError once the channel is in use."""
        self._offer()
        self._services.add_registered(service_name, method_handlers)

    def _offer(self) -> None:
        self._offers = True
        if self._bound is not None:
            self._bound[1].offer(self._dispatch)

    async def close(self, grace: float | None = None) -> None:
        """Take no more calls, and cancel those that are open still after so many seconds, either way.

        Comes back when the last handler of a service that it offers has ended. May be repeated.
        """
        if grace is not None and grace < 0:
            message = f"the grace must not be below 0, but is {grace}"
            raise ValueError(message)
        if self._closed:
            return
        self._closed = True
        if self._bound is None or self._bridge is None:
            return
        _, native = self._bound
        native.close(now=False)
        if grace:
            await asyncio.gather(self._ends(grace), self._dispatch.ended(grace))
        for call in list(self.calls):
            call.cancel()
        native.close()
        self._bridge.close()
        self._bound = self._bridge = None
        await self._dispatch.ended()

    async def _ends(self, grace: float) -> None:
        """Wait so long for the end of the calls."""
        loop = asyncio.get_running_loop()
        ends = [loop.create_task(_end_of(call)) for call in list(self.calls) if not call.done()]
        if ends:
            _, late = await asyncio.wait(ends, timeout=grace)
            for end in late:
                end.cancel()


async def _end_of(call: grpc.aio.Call) -> None:
    """Wait for the end of a call, whatever it is."""
    await asyncio.gather(call.code(), return_exceptions=True)


def channel(
    address: str,
    options: Sequence[tuple[str, Any]] | None = None,
    compression: grpc.Compression | None = None,
    interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
    *,
    migration_thread_pool: Executor | None = None,
    server_interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
    **more: Unpack[ChannelOptions],
) -> Channel:
    """Make a channel to an address such as `unix:/run/app.sock` or `stdio:python3 worker.py`.

    As `Channel`. Where OpenTelemetry's instrumentation of asyncio's clients is on, its interceptors are put
    first, and so is that of servers for the services that are offered.
    """
    return Channel(
        address,
        options,
        compression,
        _telemetry.of_aio_channel(interceptors or ()),
        migration_thread_pool=migration_thread_pool,
        server_interceptors=_telemetry.of_aio_server(server_interceptors or ()),
        **more,
    )
