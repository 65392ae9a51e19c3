"""Runs the handler of one call in its task: from its requests to its status, whatever the handler does.

An exception of the handler is logged, and its caller learns no more than that there was one.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import logging
from typing import TYPE_CHECKING, Any, cast

import grpc.aio

from samehost import _handling, _native
from samehost._context import CallEnded
from samehost._handling import behavior_of, handler_failed
from samehost.aio._context import Context
from samehost.aio._threads import ThreadCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from concurrent.futures import Executor

    from samehost.aio._types import Handler

_LOG = logging.getLogger("samehost")


class Handling:
    """One call and the handler that serves it."""

    def __init__(self, call: _native.AioServerCall, handler: Handler, *, sends_tracebacks: bool) -> None:
        self._call = call
        self._handler = handler
        self._sends_tracebacks = sends_tracebacks
        self._context = Context(call, handler)

    async def run(self, pool: Executor | None) -> None:
        """Run the handler until it has answered: in this task, or on the pool where it is no coroutine's."""
        behavior = behavior_of(self._handler)
        if not is_async(behavior):
            await self._run_on_thread(pool)
            return
        try:
            await self._answer(behavior)
        except CallEnded:
            _LOG.debug("%s: the call ended before its handler did", self._call.path)
        except _native.StatusError as error:
            _LOG.error("%s: %s", self._call.path, error.text)
            self._context.fail(error)
        except asyncio.CancelledError:
            # Mostly the call is over, and the task was cancelled for it. Otherwise the handler has waited for
            # something that was cancelled: then its caller must not wait for ever.
            if not self._call.is_over():
                self._call.cancel(grpc.StatusCode.CANCELLED.value[0], handler_failed().text)
            raise
        except Exception as error:
            self._failed(error)
        else:
            if self._context.aborted is not None:
                _LOG.error("%s: the handler has kept the exception of abort() back", self._call.path)

    async def _answer(self, behavior: Any) -> None:
        context = self._context
        argument = context.requests() if self._handler.request_streaming else await context.only_request()
        data = None
        if not self._handler.response_streaming:
            response = await behavior(argument, context)
            if context.is_ok and context.aborted is None:
                data = context.encoded(response)
        else:
            responses = behavior(argument, context)
            if inspect.isawaitable(responses):
                await responses  # it has written its responses itself
            else:
                await self._write_all(responses)
        if context.aborted is None:
            context.finish(data)

    async def _write_all(self, responses: AsyncIterator[Any]) -> None:
        try:
            async for response in responses:
                await self._context.write(response)
        finally:
            # A generator that nobody reads to its end cleans up now, and not when it is collected.
            close = getattr(responses, "aclose", None)
            if close is not None:
                await close()

    async def _run_on_thread(self, pool: Executor | None) -> None:
        loop = asyncio.get_running_loop()
        call = cast("_native.ServerCall", ThreadCall(loop, self._call))
        handling = _handling.Handling(call, self._handler, sends_tracebacks=self._sends_tracebacks)
        # Without the mark of a handler that answers by a function from any thread, so perhaps the loop's.
        handling.behavior = functools.partial(handling.behavior)
        await loop.run_in_executor(pool, contextvars.copy_context().run, handling.run)

    def _failed(self, error: Exception) -> None:
        if error is self._context.aborted:
            return
        if self._call.is_over():
            _LOG.debug("%s: the handler raised after the call had ended", self._call.path, exc_info=error)
            return
        _LOG.error("%s: the handler raised", self._call.path, exc_info=error)
        self._context.fail(handler_failed(error if self._sends_tracebacks else None))


def is_async(behavior: Any) -> bool:
    """Tell whether a handler runs on the loop: a coroutine function, or an asynchronous generator's."""
    called = getattr(behavior, "__call__", behavior)  # noqa: B004 an object that is called
    return any(
        inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in (behavior, called)
    )
