"""Takes each call of a server to its handler, and to the thread on which that runs."""

from __future__ import annotations

import contextvars
import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from samehost import _native
from samehost._handling import Handling, at_once, handler_failed, is_at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from samehost._services import Services
    from samehost._types import RpcMethodHandler

_LOG = logging.getLogger("samehost")


class Dispatch:
    """What the native server calls with each call, on the thread that has read it.

    It holds no reference to the server. Interceptors run here, so before the pool; they and the handler run
    in a context (of `contextvars`) of the call's own. Calls of the methods in `unary` come here only where
    their request does not come whole: where nothing but the handler has to do with a call, the native half
    gets by with that.
    """

    def __init__(
        self,
        services: Services,
        pool: ThreadPoolExecutor | None,
        most_calls: int | None,
        *,
        gzip: bool,
        sends_tracebacks: bool,
    ) -> None:
        self._services = services
        self._pool = pool
        self._most_calls = most_calls
        self._gzip = gzip
        self._sends_tracebacks = sends_tracebacks
        self._lock = threading.Lock()
        self._running = 0
        # Nothing but the handler has to do with a call.
        self._is_plain = pool is None and most_calls is None and not gzip and not services.is_intercepted
        self.unary: dict[str, Callable[[_native.ServerCall, bytes], bytes | None]] = {}

    def add_registered(self, service: str, handlers: Mapping[str, RpcMethodHandler]) -> None:
        """Serve these methods of the service."""
        for path, handler in self._services.add_registered(service, handlers).items():
            self.unary.pop(path, None)
            if self._is_plain and is_at_once(handler):
                self.unary[path] = at_once(path, handler, sends_tracebacks=self._sends_tracebacks)

    def __call__(self, call: _native.ServerCall) -> None:
        """Serve the call, or have it served."""
        if self._gzip:
            call.set_compression(True)
        context = contextvars.Context()
        try:
            handler = context.run(self._services.find, call)
        except Exception as error:
            _LOG.error("%s: an interceptor or a generic handler raised", call.path, exc_info=error)
            _refuse(call, handler_failed(error if self._sends_tracebacks else None))
            return
        if handler is None:
            _refuse(call, _native.fault("method_unknown", call.path[1:]))
        elif not self._admit():
            _refuse(call, _native.fault("too_many_calls", str(self._most_calls)))
        else:
            self._run(call, handler, context)

    def _run(self, call: _native.ServerCall, handler: RpcMethodHandler, context: contextvars.Context) -> None:
        handling = Handling(call, handler, sends_tracebacks=self._sends_tracebacks)
        own = getattr(handling.behavior, "experimental_thread_pool", None)
        pool = own if isinstance(own, ThreadPoolExecutor) else self._pool
        if pool is None:
            try:
                context.run(handling.run)
            finally:
                self._leave()
            return
        try:
            pool.submit(context.run, handling.run).add_done_callback(self._leave)
        except RuntimeError:  # the pool was shut down
            self._leave()
            _refuse(call, _native.fault("server_shutdown", call.peer.address))

    def _admit(self) -> bool:
        if self._most_calls is None:
            return True
        with self._lock:
            if self._running >= self._most_calls:
                return False
            self._running += 1
            return True

    def _leave(self, _: Future[None] | None = None) -> None:
        if self._most_calls is not None:
            with self._lock:
                self._running -= 1


def _refuse(call: _native.ServerCall, fault: _native.StatusError) -> None:
    call.answer(fault.code, fault.text)
