"""What happens to every call around its handler."""

from __future__ import annotations

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


class Told(grpc.ServerInterceptor):
    """Sends metadata back that a client wants to see again, and tells of every call that has a key."""

    def __init__(self, calls: KnownCalls) -> None:
        """Tell it to them."""
        self._calls = calls

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Put what is to happen around the handler."""
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        side = "stream" if handler.request_streaming else "unary"
        other = "stream" if handler.response_streaming else "unary"
        behavior = getattr(handler, f"{side}_{other}")
        make = getattr(grpc, f"{side}_{other}_rpc_method_handler")
        around = self._stream if handler.response_streaming else self._unary
        return make(around(behavior), handler.request_deserializer, handler.response_serializer)

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
        metadata = context.invocation_metadata()
        initial = [pair for pair in metadata if pair[0] == ECHO_INITIAL]
        if initial:
            context.send_initial_metadata(tuple(initial))
        context.set_trailing_metadata(tuple(pair for pair in metadata if pair[0] == ECHO_TRAILING))
        key = next((str(value) for name, value in metadata if name == TEST_KEY), None)
        CALLER.set(context.auth_context())
        KEY.set(key)
        if key is not None:
            self._calls.opened(key)
            if not context.add_callback(lambda: self._calls.cancelled(key)):
                self._calls.cancelled(key)
        return key

    def _ended(self, key: str | None, code: grpc.StatusCode) -> None:
        if key is not None:
            self._calls.ended(key, code)

    def _failed(self, key: str | None, context: Any) -> None:
        if key is None:
            return
        if context.is_active():
            self._calls.ended(key, context.code() or grpc.StatusCode.UNKNOWN)
        else:
            self._calls.cancelled(key)
