"""What happens to every call around its handler."""

from __future__ import annotations

import abc
import contextvars
from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop import ECHO_INITIAL, ECHO_TRAILING, TEST_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from samehost_interop.server.known_calls import KnownCalls

CALLER: contextvars.ContextVar[Mapping[str, Any]] = contextvars.ContextVar("caller")
"""Who calls, as the interceptor has seen it, for the handler."""
KEY: contextvars.ContextVar[str | None] = contextvars.ContextVar("key")
"""The key of the call, for the handler; nothing without one."""


class Telling(abc.ABC):
    """What both kinds of server share: their handlers are told of in the same way."""

    def __init__(self, calls: KnownCalls) -> None:
        """Tell it to them."""
        self._calls = calls

    def _around(self, handler: Any) -> Any:
        """Put what is to happen around a handler; there may be none."""
        if handler is None:
            return None
        side = "stream" if handler.request_streaming else "unary"
        other = "stream" if handler.response_streaming else "unary"
        behavior = getattr(handler, f"{side}_{other}")
        make = getattr(grpc, f"{side}_{other}_rpc_method_handler")
        around = self._stream if handler.response_streaming else self._unary
        return make(around(behavior), handler.request_deserializer, handler.response_serializer)

    @abc.abstractmethod
    def _unary(self, behavior: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a handler that answers one message."""

    @abc.abstractmethod
    def _stream(self, behavior: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a handler that answers a stream."""

    def _opened(self, context: Any) -> str | None:
        """Keep who calls for the handler, and answer the call's key."""
        metadata = context.invocation_metadata()
        context.set_trailing_metadata(tuple(pair for pair in metadata if pair[0] == ECHO_TRAILING))
        key = next((str(value) for name, value in metadata if name == TEST_KEY), None)
        CALLER.set(context.auth_context())
        KEY.set(key)
        if key is not None:
            self._calls.opened(key)
        return key

    def _ended(self, key: str | None, code: grpc.StatusCode) -> None:
        if key is not None:
            self._calls.ended(key, code)


def initial(context: Any) -> tuple[Any, ...]:
    """Pick the metadata that a client wants to see again at the beginning."""
    return tuple(pair for pair in context.invocation_metadata() if pair[0] == ECHO_INITIAL)


class Told(Telling, grpc.ServerInterceptor):
    """Sends metadata back that a client wants to see again, and tells of every call that has a key."""

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Put what is to happen around the handler."""
        return self._around(continuation(handler_call_details))

    def _unary(self, behavior: Callable[..., Any]) -> Callable[..., Any]:
        def told(request: Any, context: grpc.ServicerContext) -> Any:
            key = self._begin(context)
            try:
                response = behavior(request, context)
            except BaseException:
                self._failed(key, context)
                raise
            self._ended(key, grpc.StatusCode.OK)
            return response

        return told

    def _stream(self, behavior: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def told(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            key = self._begin(context)
            try:
                yield from behavior(request, context)
            except BaseException:
                self._failed(key, context)
                raise
            self._ended(key, grpc.StatusCode.OK)

        return told

    def _begin(self, context: grpc.ServicerContext) -> str | None:
        if echoed := initial(context):
            context.send_initial_metadata(echoed)
        key = self._opened(context)
        if key is not None and not context.add_callback(lambda: self._calls.cancelled(key)):
            self._calls.cancelled(key)
        return key

    def _failed(self, key: str | None, context: Any) -> None:
        if key is None:
            return
        if context.is_active():
            self._calls.ended(key, context.code() or grpc.StatusCode.UNKNOWN)
        else:
            self._calls.cancelled(key)
