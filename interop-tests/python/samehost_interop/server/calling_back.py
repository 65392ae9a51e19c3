"""What a handler calls of its caller, as it was asked to, and what came of that."""

from __future__ import annotations

import itertools
import queue
from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.server.answers import payload
from samehost_interop.stubs import control, control_grpc, messages, testing_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

_MILLISECONDS = 1e3


class Asked:
    """What calls back are made with, and what has come of them: the same for threads and for a loop."""

    def __init__(self, request: Any, caller: Any) -> None:
        """Take what was asked, and the channel to the caller."""
        self.request = request
        self.tests = testing_grpc.TestServiceStub(caller)
        self.control = control_grpc.ControlServiceStub(caller)
        self.timeout = request.deadline_millis / _MILLISECONDS if request.deadline_millis else None
        self.answer = control.CallBackResponse()

    def rounds(self) -> Iterator[int]:
        """Give how many calls are open together, round by round."""
        left = self.request.count
        while left > 0:
            together = min(left, max(1, self.request.at_once))
            left -= together
            yield together

    def unary(self) -> Any:
        """Make the request of a unary call."""
        sizes = self.request
        return messages.SimpleRequest(
            response_size=sizes.response_bytes, payload=payload(sizes.request_bytes)
        )

    def message(self) -> Any:
        """Make a message of a stream, which asks for one answer."""
        asked = messages.ResponseParameters(size=self.request.response_bytes)
        return messages.StreamingOutputCallRequest(
            response_parameters=[asked], payload=payload(self.request.request_bytes)
        )

    def deeper(self) -> Any:
        """Make the request by which the caller calls back in its turn."""
        less = control.CallBackRequest()
        less.CopyFrom(self.request)
        less.depth -= 1
        return less

    def take(self, response: Any) -> None:
        """Count a response."""
        self.answer.responses += 1
        self.answer.response_bytes += len(response.payload.body)

    def failed(self, error: Any) -> None:
        """Tell how a call back failed."""
        self.answer.code = error.code().value[0]
        self.answer.text = error.details() or ""


def call_back(request: Any, caller: grpc.Channel) -> Any:
    """Call, wait for all answers, and tell."""
    asked = Asked(request, caller)
    try:
        if request.depth:
            return asked.control.CallBack(asked.deeper(), timeout=asked.timeout)
        _BY_METHOD[request.method](asked)
    except grpc.RpcError as error:
        asked.failed(error)
    return asked.answer


def _unary(asked: Asked) -> None:
    method = asked.tests.UnaryCall
    for together in asked.rounds():
        if together == 1:
            asked.take(method(asked.unary(), timeout=asked.timeout))
            continue
        futures = [method.future(asked.unary(), timeout=asked.timeout) for _ in range(together)]
        for future in futures:
            asked.take(future.result())


def _duplex(asked: Asked) -> None:
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    call = asked.tests.FullDuplexCall(iter(requests.get, None), timeout=asked.timeout)
    try:
        for _ in range(asked.request.count):
            requests.put(asked.message())
            for response in itertools.islice(call, 1):
                asked.take(response)
    finally:
        requests.put(None)
    for response in call:
        asked.take(response)


def _hold(asked: Asked) -> None:
    asked.control.Hold(control.HoldRequest(), timeout=asked.timeout)


_BY_METHOD = {
    control.CallBackRequest.UNARY_CALL: _unary,
    control.CallBackRequest.FULL_DUPLEX_CALL: _duplex,
    control.CallBackRequest.HOLD: _hold,
}
