"""The service of the tests, a stock servicer: it does what it is asked to."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import grpc
from stubs import Answer, Order, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

FOR_EVER = 2**32 - 1


class Echo(echo_pb2_grpc.EchoServicer):  # type: ignore[misc]  # made at run time
    """Answers what was asked, or as the order says."""

    def Say(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 the contract's
        """Answer once."""
        _obey(request.order, context)
        return Answer(data=_data(request), count=1)

    def Collect(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answer the number of requests and their bytes."""
        data = b""
        count = 0
        for request in request_iterator:
            _obey(request.order, context)
            data += request.data
            count += 1
        return Answer(data=data, count=count)

    def Repeat(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        """Answer as often as the order says, then obey the rest of it."""
        for index in range(request.order.count):
            yield Answer(data=_data(request), count=index)
        _obey(request.order, context)

    def Chat(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        """Answer each request at once."""
        for index, request in enumerate(request_iterator):
            _obey(request.order, context)
            yield Answer(data=_data(request), count=index)


def code_of(number: int) -> grpc.StatusCode:
    """Give the code of a number."""
    return next(code for code in grpc.StatusCode if code.value[0] == number)


def _data(request: Any) -> bytes:
    return b"x" * request.order.bytes or bytes(request.data)


def _obey(order: Order, context: grpc.ServicerContext) -> None:
    if order.wait_millis:
        until = None if order.wait_millis == FOR_EVER else time.monotonic() + order.wait_millis / 1000
        while context.is_active() and (until is None or time.monotonic() < until):
            time.sleep(0.005)
    if order.abort:
        os._exit(3)
    if order.panic:
        secret = "a secret of the handler"  # noqa: S105 what must not get out
        raise ValueError(secret)
    if order.code:
        context.abort(code_of(order.code), order.text)
