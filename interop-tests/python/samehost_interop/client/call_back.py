"""Calls whose handler calls back, in each style of stub, on channels of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.client.call import Ended, control_service, made_with
from samehost_interop.client.control import check_health
from samehost_interop.stubs import control
from samehost_interop.suite import Status, Step, unless

if TYPE_CHECKING:
    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways

_METHODS = {
    "UnaryCall": control.CallBackRequest.UNARY_CALL,
    "FullDuplexCall": control.CallBackRequest.FULL_DUPLEX_CALL,
    "Hold": control.CallBackRequest.HOLD,
}


def run(step: Step, session: Session, ways: Ways) -> None:
    """Ask to be called back: by a thread that waits, by a future, and on the loop."""
    own = session.open(ways.address, step.channel, offers=step.offers)
    _blocking(step, session, own)
    _future(step, session, own)
    own.loop.run(_on_loop(step, session, own))
    check_health(own)
    own.close()


def _request(step: Step) -> Any:
    return control.CallBackRequest(
        method=_METHODS[step.method],
        count=step.count,
        at_once=step.at_once,
        request_bytes=step.request(0),
        response_bytes=step.response(0),
        deadline_millis=step.back_deadline_ms,
        depth=step.depth,
    )


def _blocking(step: Step, session: Session, ways: Ways) -> None:
    try:
        answer = control_service(ways.of_threads).CallBack(_request(step), **made_with(step))
    except grpc.RpcError as error:
        Ended.of(error).check(step, session)
    else:
        step.expect.check(Status())
        _check(step, answer)


def _future(step: Step, session: Session, ways: Ways) -> None:
    future = control_service(ways.of_threads).CallBack.future(_request(step), **made_with(step))
    Ended.of(future).check(step, session)
    if future.exception() is None:
        _check(step, future.result())


async def _on_loop(step: Step, session: Session, ways: Ways) -> None:
    call = control_service(await ways.of_loop()).CallBack(_request(step), **made_with(step))
    (await Ended.on_loop(call)).check(step, session)
    if await call.code() is grpc.StatusCode.OK:
        _check(step, await call)


def _check(step: Step, answer: Any) -> None:
    """Check what the handler tells of its calls back."""
    code = grpc.StatusCode[step.back_code]
    right = answer.code == code.value[0] and step.back_text in (None, answer.text)
    unless(right, f"expected calls back that end with {code.name}, but the handler says {answer}")
    count = step.count if code is grpc.StatusCode.OK else 0
    right = answer.responses == count and answer.response_bytes == count * step.response(0)
    unless(right, f"expected {count} answers of {step.response(0)} bytes, but the handler says {answer}")
