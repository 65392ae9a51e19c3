"""Sends the requests of a streaming call from the application's iterator, in a task of the call's own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any

from samehost import _native
from samehost._messages import CLIENT, said_by, serialized

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from samehost._messages import Serializer

_LOG = logging.getLogger("samehost")


class Sending:
    """A task that sends; the request ends where the iterator does, and the task with the call.

    An iterator that raises ends the call with UNKNOWN, a serializer that raises with INTERNAL.
    """

    def __init__(
        self, call: _native.AioCall, requests: AsyncIterable[Any] | Iterable[Any], serializer: Serializer
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(_send(call, requests, serializer))
        if not call.add_done_callback(self._task.cancel):
            self._task.cancel()  # it was over before

    def stop(self) -> None:
        """Send no more, and cancel the call, from any thread: nobody looks at it any more."""
        if not self._task.done():
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._task.cancel)


async def _send(
    call: _native.AioCall, requests: AsyncIterable[Any] | Iterable[Any], serializer: Serializer
) -> None:
    try:
        async for request in _iterated(requests):
            if not await call.send(serialized(request, serializer, CLIENT)):
                return
    except _native.StatusError as error:
        call.cancel(error.text, error.code)
    except asyncio.CancelledError:
        call.cancel()
        raise
    except Exception as error:
        _LOG.exception("the iterator of a call's requests raised")
        fault = _native.fault("requests_failed", said_by(error))
        call.cancel(fault.text, fault.code)
    else:
        call.half_close()


async def _iterated(requests: AsyncIterable[Any] | Iterable[Any]) -> AsyncIterator[Any]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request
