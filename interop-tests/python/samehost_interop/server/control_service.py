"""What the interop tests need of a server beyond the standard service."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import grpc
import samehost

from samehost_interop.blocks import block, is_intact
from samehost_interop.server.answers import description
from samehost_interop.server.calling_back import call_back
from samehost_interop.server.told import CALLER, KEY
from samehost_interop.stubs import control, control_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samehost_interop.server.known_calls import KnownCalls

_MILLISECONDS = 1e3


class ControlService(control_grpc.ControlServiceServicer):  # type: ignore[misc]  # made by generate.py
    """Tells a client what became of its calls."""

    def __init__(self, calls: KnownCalls) -> None:
        """Know them."""
        self._calls = calls

    def Describe(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 the contract's
        """Say who serves, and what it knows of this call."""
        del request
        return description(context.time_remaining(), CALLER.get())

    def Echo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answer with the same block."""
        del context
        return request

    def Hold(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answer once the call's key is released."""
        del request
        self._wait(context)
        return control.HoldResponse()

    def Unread(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Ask for no message until the call's key is released; then take all of them."""
        self._wait(context)
        answer = control.UnreadResponse()
        for one in request_iterator:
            answer.messages += 1
            answer.bytes += len(one.body)
            if not is_intact(one):
                context.abort(grpc.StatusCode.DATA_LOSS, "a block has wrong bytes")
        return answer

    def Flood(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        """Write without waiting for what comes, and read beside it."""
        del context
        first = next(request_iterator)
        last = control.FloodResponse(read_bytes=len(first.block.body), intact=is_intact(first.block))

        def read() -> None:
            with contextlib.suppress(grpc.RpcError):  # the call is over
                count()

        def count() -> None:
            for request in request_iterator:
                last.read_bytes += len(request.block.body)
                last.intact = last.intact and is_intact(request.block)

        reader = threading.Thread(target=read)
        reader.start()
        left, seed = first.response_bytes, 0
        try:
            while left > 0:
                size = min(left, first.message_bytes)
                yield control.FloodResponse(block=block(seed, size))
                left, seed = left - size, seed + 1
        finally:
            reader.join()
        yield last

    def Release(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Let the call with this key go on."""
        del context
        self._calls.release(request.key)
        return control.ReleaseResponse()

    def HowEnded(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Tell what became of a call."""
        del context
        return self._calls.how_ended(request.key, request.over, request.wait_millis / _MILLISECONDS)

    def CallBack(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Call the caller back, and tell what came of that."""
        return call_back(request, samehost.caller(context))

    def _wait(self, context: grpc.ServicerContext) -> None:
        """Wait until the call's key is released; end the handler where the call is over before."""
        key = KEY.get()
        if key is None:
            over = threading.Event()
            if context.add_callback(over.set):
                over.wait()
        if key is None or not self._calls.wait_until_released(key):
            context.abort(grpc.StatusCode.CANCELLED, "the call was over before it was released")
