"""Takes each call that a loop serves to its handler, in a task of its own."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
from typing import TYPE_CHECKING, Any

import grpc.aio

from samehost import _native
from samehost._handling import handler_failed
from samehost._metadata import incoming
from samehost._services import CallDetails
from samehost.aio._handling import Handling

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Executor

    from samehost._services import Services
    from samehost.aio._types import Handler

    Find = Callable[[Any], Awaitable[Handler | None]]

_LOG = logging.getLogger("samehost")


class Dispatch:
    """What the native half calls with each call: makes a task of it. Holds no reference to server or channel.

    Interceptors and handler run in a context (of `contextvars`) of the call's own.
    """

    def __init__(
        self,
        services: Services,
        interceptors: Sequence[grpc.aio.ServerInterceptor],
        pool: Executor | None,
        most_calls: int | None,
        *,
        gzip: bool,
        sends_tracebacks: bool,
    ) -> None:
        for interceptor in interceptors:
            if not isinstance(interceptor, grpc.aio.ServerInterceptor):
                message = f"{interceptor!r} is no grpc.aio.ServerInterceptor"
                raise ValueError(message)  # noqa: TRY004 as grpcio
        self._pool = pool
        self._most_calls = most_calls
        self._gzip = gzip
        self._sends_tracebacks = sends_tracebacks
        self.tasks: set[asyncio.Task[None]] = set()

        async def find(details: Any) -> Handler | None:
            return services.served(details)

        self._find: Find = find
        for interceptor in reversed(interceptors):
            self._find = functools.partial(interceptor.intercept_service, self._find)

    def __call__(self, call: _native.AioServerCall) -> None:
        """Serve the call, in a task that is cancelled where the call ends before its answer."""
        if self._most_calls is not None and len(self.tasks) >= self._most_calls:
            _refuse(call, _native.fault("too_many_calls", str(self._most_calls)))
            return
        if self._gzip:
            call.set_compression(True)
        loop = asyncio.get_running_loop()
        task = contextvars.Context().run(loop.create_task, self._serve(call))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        ended = functools.partial(_cancel_with, call, task)
        if not call.add_done_callback(ended):
            ended()

    async def ended(self, timeout: float | None = None) -> None:
        """Wait until the handlers have ended, that aside which asks; at most so long."""
        tasks = [task for task in self.tasks if task is not asyncio.current_task()]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout)

    async def _serve(self, call: _native.AioServerCall) -> None:
        try:
            handler = await self._find(CallDetails(call.path, incoming(call.metadata)))
        except Exception as error:
            _LOG.error("%s: an interceptor or a generic handler raised", call.path, exc_info=error)
            _refuse(call, handler_failed(error if self._sends_tracebacks else None))
            return
        if handler is None:
            _refuse(call, _native.fault("method_unknown", call.path[1:]))
            return
        await Handling(call, handler, sends_tracebacks=self._sends_tracebacks).run(self._pool)


def _refuse(call: _native.AioServerCall, fault: _native.StatusError) -> None:
    call.answer(fault.code, fault.text)


def _cancel_with(call: _native.AioServerCall, task: asyncio.Task[None]) -> None:
    if call.was_cancelled():
        task.cancel()
