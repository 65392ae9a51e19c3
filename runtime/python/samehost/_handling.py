"""Runs the handler of one call: from its requests to its status, whatever the handler does.

An exception of the handler is logged, and its caller learns no more than that there was one.
"""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

from samehost import _native
from samehost._context import CallEnded, Context, Requests
from samehost._messages import CLIENT, SERVER, close, deserialized, serialized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from samehost._types import RpcMethodHandler

_LOG = logging.getLogger("samehost")


class Handling:
    """One call and the handler that serves it."""

    def __init__(
        self, call: _native.ServerCall, handler: RpcMethodHandler, *, sends_tracebacks: bool
    ) -> None:
        self._path = call.path
        self._handler = handler
        self._sends_tracebacks = sends_tracebacks
        self._context = Context(call)
        self._requests = Requests(call, self._context, handler.request_deserializer)
        # The application's function.
        self.behavior: Callable[..., Any] = behavior_of(handler)

    def run(self) -> None:
        """Run the handler, on this thread, until it has answered."""
        try:
            argument = self._requests if self._handler.request_streaming else self._requests.only()
            behavior = self.behavior
            if not self._handler.response_streaming:
                self._answer(behavior(argument, self._context))
            elif getattr(behavior, "experimental_non_blocking", False):
                # It answers by this function, from any thread and after it has returned.
                behavior(argument, self._context, self._send_or_finish)
            else:
                self._send_all(behavior(argument, self._context))
        except Exception as error:
            fail(self._context, self._path, error, sends_tracebacks=self._sends_tracebacks)

    def _answer(self, response: Any) -> None:
        self._context.finish(self._serialized(response) if self._context.is_ok else None)

    def _send_all(self, responses: Iterable[Any]) -> None:
        iterator = iter(responses)
        try:
            for response in iterator:
                if not self._context.send(self._serialized(response)):
                    return
        finally:
            close(iterator)
        self._context.finish()

    def _send_or_finish(self, response: Any) -> None:
        if response is None:
            self._context.finish()
            return
        try:
            self._context.send(self._serialized(response))
        except _native.StatusError as error:
            _LOG.error("%s: %s", self._path, error.text)
            self._context.fail(error)

    def _serialized(self, response: Any) -> bytes:
        return serialized(response, self._handler.response_serializer, SERVER)


def is_at_once(handler: RpcMethodHandler) -> bool:
    """Whether this is a unary method whose function runs on whichever thread it is called."""
    unary = not handler.request_streaming and not handler.response_streaming
    return unary and not hasattr(handler.unary_unary, "experimental_thread_pool")


def at_once(
    path: str, handler: RpcMethodHandler, *, sends_tracebacks: bool
) -> Callable[[_native.ServerCall, bytes], bytes | None]:
    """Make what serves the calls of a unary method whose request has come whole: the native half calls it.

    It gives back the response, to be sent with OK, or nothing where it has ended the call by itself.
    """
    behavior, decode, encode = behavior_of(handler), handler.request_deserializer, handler.response_serializer

    def serve(call: _native.ServerCall, data: bytes) -> bytes | None:
        context = Context(call)
        try:
            request = deserialized(data, decode, CLIENT)
        except _native.StatusError as error:
            context.fail(error)
            return None
        try:
            response = behavior(request, context)
            if context.is_plain:
                return serialized(response, encode, SERVER)
            context.finish(serialized(response, encode, SERVER) if context.is_ok else None)
        except Exception as error:
            fail(context, path, error, sends_tracebacks=sends_tracebacks)
        return None

    return serve


def fail(context: Context, path: str, error: Exception, *, sends_tracebacks: bool) -> None:
    """End a call over which its handler, or what runs it, has raised."""
    if isinstance(error, CallEnded):
        _LOG.debug("%s: the call ended before its handler did", path)
    elif isinstance(error, _native.StatusError):
        _LOG.error("%s: %s", path, error.text)
        context.fail(error)
    elif context.aborted:
        context.finish()
    else:
        _LOG.error("%s: the handler raised", path, exc_info=error)
        context.fail(handler_failed(error if sends_tracebacks else None))


def behavior_of(handler: RpcMethodHandler) -> Any:
    """Give the application's function of a handler, whatever its kind."""
    if handler.request_streaming:
        return handler.stream_stream if handler.response_streaming else handler.stream_unary
    return handler.unary_stream if handler.response_streaming else handler.unary_unary


def handler_failed(error: Exception | None = None) -> _native.StatusError:
    """Tell that a handler has raised; with its traceback where an exception is given."""
    fault = _native.fault("handler_failed")
    if error is None:
        return fault
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return _native.StatusError(fault.code, "\n".join([fault.text, "".join(lines)]))
