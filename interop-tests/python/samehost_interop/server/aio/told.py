"""What happens to every call around its handler, on an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from samehost_interop.server.told import Telling, initial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


class Told(Telling, grpc.aio.ServerInterceptor):
    """Sends metadata back that a client wants to see again, and tells of every call that has a key."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Put what is to happen around the handler."""
        return self._around(await continuation(handler_call_details))

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
        if echoed := initial(context):
            await context.send_initial_metadata(echoed)
        key = self._opened(context)
        if key is not None:
            context.add_done_callback(lambda _: self._calls.cancelled(key))
        return key

    def _failed(self, key: str | None, context: Any) -> None:
        if key is None:
            return
        if context.cancelled():
            self._calls.cancelled(key)
        else:
            self._calls.ended(key, context.code() if context.code().value[0] else grpc.StatusCode.UNKNOWN)
