"""The server of `grpc.aio`, over the native one: what asynchronous servicers are added to. Imports grpc."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import grpc.aio

from samehost import _logging, _native, _telemetry, _tls
from samehost._options import ServerOptions, gzip_asked, of_server
from samehost._services import Services, port_of
from samehost.aio._dispatch import Dispatch
from samehost.aio._loops import working_loop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Executor

    from typing_extensions import Unpack

    from samehost._native import ServerCredentials
    from samehost.aio._types import Handler

_logging.turn_on()


class Server(grpc.aio.Server):
    """Serves on any number of addresses, on one event loop: that which runs when it gets its first address.

    Each handler runs in a task of its own, which is cancelled when its caller cancels or goes, or when the
    deadline passes. Handlers that are no coroutine's run on the thread pool that it is given, or else on the
    loop's. What handlers raise is logged, and told to the peer as no more than UNKNOWN.
    """

    def __init__(
        self,
        migration_thread_pool: Executor | None = None,
        handlers: Iterable[grpc.GenericRpcHandler] | None = None,
        interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
        options: Sequence[tuple[str, Any]] | None = None,
        maximum_concurrent_rpcs: int | None = None,
        compression: grpc.Compression | None = None,
        *,
        send_tracebacks: bool = False,
        **more: Unpack[ServerOptions],
    ) -> None:
        """Make a server, which serves nothing yet. What `grpc.aio.server` takes means what it means there.

        `options` are gRPC's channel arguments, of which those are heeded that mean something inside a host;
        with `send_tracebacks` a peer gets the traceback of an exception in a handler; all others are
        `ServerOptions`. Raises ValueError for an interceptor that is none.
        """
        self._services = Services(handlers or (), ())
        self._dispatch = Dispatch(
            self._services,
            interceptors or (),
            migration_thread_pool,
            maximum_concurrent_rpcs,
            gzip=gzip_asked(compression),
            sends_tracebacks=send_tracebacks,
        )
        self._options = of_server(options, more)
        self._bound: tuple[asyncio.AbstractEventLoop, _native.Loop, _native.AioServer] | None = None
        self._started = False

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Serve what these handlers say they serve."""
        self._services.add_generic(generic_rpc_handlers)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, Handler]
    ) -> None:
        """Serve these methods of a service."""
        self._services.add_registered(service_name, method_handlers)

    def add_insecure_port(self, address: str) -> int:
        """Listen on an address such as `unix:/run/app.sock`, or be a child by `stdio:`.

        Answers the number of a port, or 1 where an address has none. Raises RuntimeError with the reason
        where the address cannot be had, and ValueError for an option out of its range.
        """
        return self._listen(address, None)

    def add_secure_port(
        self, address: str, server_credentials: grpc.ServerCredentials | ServerCredentials
    ) -> int:
        """Listen on a `tcp:` address by TLS, with what `samehost.ssl_server_credentials` makes.

        As `add_insecure_port` otherwise; TypeError for credentials of another kind.
        """
        return self._listen(address, _tls.of_server(server_credentials))

    def _listen(self, address: str, credentials: ServerCredentials | None) -> int:
        try:
            return port_of(self._native().listen(address, credentials))
        except _native.StatusError as error:
            raise RuntimeError(error.text) from error

    async def start(self) -> None:
        """Begin to serve; UsageError where it has begun before."""
        if self._started:
            message = "Server already started"
            raise grpc.aio.UsageError(message)
        self._started = True
        self._native().start()

    async def stop(self, grace: float | None) -> None:
        """Take no more calls; wait for the open ones, and end them after `grace` seconds, or at once.

        Comes back when the last handler has ended. A shorter grace later shortens it.
        """
        native = self._native()
        native.stop(grace)
        with contextlib.suppress(_native.StatusError):  # whoever waits for termination is told
            await native.wait()
        await self._dispatch.ended()

    async def wait_for_termination(self, timeout: float | None = None) -> bool:
        """Wait until the server has stopped, at most `timeout` seconds; answer whether it has.

        A child also stops when its host has gone. Raises RuntimeError with the reason where the server could
        not go on.
        """
        ended = self._native().wait()
        done, _ = await asyncio.wait([ended], timeout=timeout)
        if not done:
            ended.cancel()
            return False
        try:
            ended.result()
        except _native.StatusError as error:
            raise RuntimeError(error.text) from error
        return True

    def __del__(self) -> None:
        bound = getattr(self, "_bound", None)
        if bound is not None:
            bound[2].stop()

    def _native(self) -> _native.AioServer:
        loop = working_loop(self._bound[0] if self._bound else None)
        if self._bound is None:
            bridge = _native.Loop(loop)
            self._bound = (loop, bridge, _native.AioServer(bridge, self._dispatch, **self._options))
        return self._bound[2]


def server(
    address: str,
    migration_thread_pool: Executor | None = None,
    handlers: Iterable[grpc.GenericRpcHandler] | None = None,
    interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
    options: Sequence[tuple[str, Any]] | None = None,
    maximum_concurrent_rpcs: int | None = None,
    compression: grpc.Compression | None = None,
    *,
    send_tracebacks: bool = False,
    credentials: ServerCredentials | None = None,
    **more: Unpack[ServerOptions],
) -> Server:
    """Make a server that listens on an address such as `unix:/run/app.sock`, or is a child by `stdio:`.

    As `Server`, whose `add_insecure_port` and `add_secure_port` take further addresses; with `credentials`
    the first one is spoken to by TLS. Where OpenTelemetry's instrumentation of
    asyncio's servers is on, its interceptor is put first.
    """
    made = Server(
        migration_thread_pool,
        handlers,
        _telemetry.of_aio_server(interceptors or ()),
        options,
        maximum_concurrent_rpcs,
        compression,
        send_tracebacks=send_tracebacks,
        **more,
    )
    made._listen(address, credentials)  # noqa: SLF001  # of this module
    return made
