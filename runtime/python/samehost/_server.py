"""gRPC's server, over the native one: what stock servicers are added to. Imports grpc."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc

from samehost import _exit, _logging, _native, _telemetry, _tls
from samehost._dispatch import Dispatch
from samehost._options import ServerOptions, gzip_asked, of_server
from samehost._services import Services, port_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from typing_extensions import Unpack

    from samehost._native import ServerCredentials
    from samehost._types import RpcMethodHandler

_logging.turn_on()


class Server(grpc.Server):
    """Serves on any number of addresses.

    Handlers run on the thread pool that it is given, or, without one, each on the thread that has read its
    request: the fastest way, as no thread is woken, and no limit to how many run at once. What they raise is
    logged, and told to the peer as no more than UNKNOWN.
    """

    def __init__(
        self,
        thread_pool: ThreadPoolExecutor | None = None,
        handlers: Iterable[grpc.GenericRpcHandler] | None = None,
        interceptors: Sequence[grpc.ServerInterceptor] | None = None,
        options: Sequence[tuple[str, Any]] | None = None,
        maximum_concurrent_rpcs: int | None = None,
        compression: grpc.Compression | None = None,
        *,
        send_tracebacks: bool = False,
        **more: Unpack[ServerOptions],
    ) -> None:
        """Make a server, which serves nothing yet. What `grpc.server` takes means what it means there.

        `options` are gRPC's channel arguments, of which those are heeded that mean something inside a host;
        with `send_tracebacks` a peer gets the traceback of an exception in a handler; all others are
        `ServerOptions`. Raises ValueError for an option out of its range.
        """
        super().__init__()
        self._services = Services(handlers or (), interceptors or ())
        self._dispatch = Dispatch(
            self._services,
            thread_pool,
            maximum_concurrent_rpcs,
            gzip=gzip_asked(compression),
            sends_tracebacks=send_tracebacks,
        )
        self._native = _native.Server(
            self._dispatch,
            inline=thread_pool is None,
            unary=self._dispatch.unary,
            **of_server(options, more),
        )
        self._lock = threading.Lock()
        self._started = False
        self._ending = _exit.of_server(self._native.stop)

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Serve what these handlers say they serve."""
        self._services.add_generic(generic_rpc_handlers)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, RpcMethodHandler]
    ) -> None:
        """Serve these methods of a service."""
        self._dispatch.add_registered(service_name, method_handlers)

    def add_insecure_port(self, address: str) -> int:
        """Listen on an address such as `unix:/run/app.sock`, or be a child by `stdio:`.

        Answers the number of a port, or 1 where an address has none. Raises RuntimeError with the reason
        where the address cannot be had.
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
            return port_of(self._native.listen(address, credentials))
        except _native.StatusError as error:
            raise RuntimeError(error.text) from error

    def start(self) -> None:
        """Begin to serve; ValueError where it has begun before, RuntimeError in a fork of whoever made it."""
        with self._lock:
            if self._started:
                message = "Cannot start already-started server!"
                raise ValueError(message)
            self._started = True
        try:
            self._native.start()
        except _native.StatusError as error:
            raise RuntimeError(error.text) from error

    def stop(self, grace: float | None) -> threading.Event:
        """Take no more calls; end the open ones after `grace` seconds, or with `None` at once.

        Answers an event that is set when all is over. With `None` that is waited for.
        """
        self._native.stop(grace)
        stopped = threading.Event()
        if grace is None:
            self._wait_and_set(stopped)
        else:
            threading.Thread(
                target=self._wait_and_set, args=(stopped,), name="samehost-stop", daemon=True
            ).start()
        return stopped

    def wait_for_termination(self, timeout: float | None = None) -> bool:
        """Wait until the server has stopped, at most `timeout` seconds; answer whether the time is over.

        A child also stops when its host has gone. Raises RuntimeError with the reason where the server could
        not go on.
        """
        try:
            return not self._native.wait(timeout)
        except _native.StatusError as error:
            raise RuntimeError(error.text) from error

    def __del__(self) -> None:
        native = getattr(self, "_native", None)
        if native is not None:
            native.stop()

    def _wait_and_set(self, stopped: threading.Event) -> None:
        try:
            self._native.wait()
        except _native.StatusError:
            pass  # whoever waits for termination is told
        finally:
            stopped.set()


def server(
    address: str,
    thread_pool: ThreadPoolExecutor | None = None,
    handlers: Iterable[grpc.GenericRpcHandler] | None = None,
    interceptors: Sequence[grpc.ServerInterceptor] | None = None,
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
    the first one is spoken to by TLS. Where OpenTelemetry's gRPC instrumentation
    of servers is on, its interceptor is put first.
    """
    made = Server(
        thread_pool,
        handlers,
        _telemetry.of_server(interceptors or ()),
        options,
        maximum_concurrent_rpcs,
        compression,
        send_tracebacks=send_tracebacks,
        **more,
    )
    made._listen(address, credentials)  # noqa: SLF001  # of this module
    return made
