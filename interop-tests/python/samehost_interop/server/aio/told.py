"""What happens to every call around its handler, on an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from samehost_interop import ECHO_INITIAL, ECHO_TRAILING, TEST_KEY
from samehost_interop.server.told import CALLER, KEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from samehost_interop.server.known_calls import KnownCalls


class Told(grpc.aio.ServerInterceptor):
    """Sends metadata back that a client wants to see again, and tells of every call that has a key."""

    def __init__(self, calls: KnownCalls) -> None:
        """Tell it to them."""
        self._calls = calls

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Put what is to happen around the handler."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        side = "stream" if handler.request_streaming else "unary"
        other = "stream" if handler.response_streaming else "unary"
        behavior = getattr(handler, f"{side}_{other}")
        make = getattr(grpc, f"{side}_{other}_rpc_method_handler")
        around = self._stream if handler.response_streaming else self._unary
        return make(around(behavior), handler.request_deserializer, handler.response_serializer)

    def _unary(self, behavior: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def told(request: Any, context: Any) -> Any:
            key = await self._begin(context)
            try:
                response = await behavior(request, context)
            except BaseException:
                self._failed(key, context)
                raise
            self._ended(key, grpc.StatusCode.OK)
            return response

        return told

    def _stream(self, behavior: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        async def told(request: Any, context: Any) -> AsyncIterator[Any]:
            key = await self._begin(context)
            try:
                async for response in behavior(request, context):
                    yield response
            except BaseException:
                self._failed(key, context)
                raise
            self._ended(key, grpc.StatusCode.OK)

        return told

    async def _begin(self, context: Any) -> str | None:
        metadata = context.invocation_metadata()
        initial = [pair for pair in metadata if pair[0] == ECHO_INITIAL]
        if initial:
            await context.send_initial_metadata(tuple(initial))
        context.set_trailing_metadata(tuple(pair for pair in metadata if pair[0] == ECHO_TRAILING))
        key = next((str(value) for name, value in metadata if name == TEST_KEY), None)
        CALLER.set(context.auth_context())
        KEY.set(key)
        if key is not None:
            self._calls.opened(key)
            context.add_done_callback(lambda _: self._calls.cancelled(key))
        return key

    def _ended(self, key: str | None, code: grpc.StatusCode) -> None:
        if key is not None:
            self._calls.ended(key, code)

    def _failed(self, key: str | None, context: Any) -> None:
        if key is None:
            return
        if context.cancelled():
            self._calls.cancelled(key)
        else:
            self._calls.ended(key, context.code() if context.code().value[0] else grpc.StatusCode.UNKNOWN)
