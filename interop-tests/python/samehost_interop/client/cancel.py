"""Calls that are given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.client.call import Ended, control_service, made_with, status_of, test_service
from samehost_interop.client.control import wait_for_end, wait_until_open
from samehost_interop.client.duplex import message
from samehost_interop.client.written import Written
from samehost_interop.stubs import control
from samehost_interop.suite import shown, unless

if TYPE_CHECKING:
    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways
    from samehost_interop.suite import Step


def cancel(step: Step, session: Session, ways: Ways) -> None:
    """Cancel a call after its first response, or else once when it has begun and once when it is open."""
    channel = ways.of_threads
    key = session.name("cancel")
    if step.responses is None:
        call, requests = _begin(step, channel, None)
        _give_up(call, requests)
        call, requests = _begin(step, channel, key)
    else:
        requests = Written()
        call = test_service(channel).FullDuplexCall(requests, **made_with(step, key))
        requests.write(message(step, 0))
        next(call)
    wait_until_open(channel, key)
    _give_up(call, requests)
    wait_for_end(channel, key, "CANCELLED")


def _begin(step: Step, channel: grpc.Channel, key: str | None) -> tuple[Any, Written]:
    requests = Written()
    if step.method == "Hold":
        return control_service(channel).Hold.future(control.HoldRequest(), **made_with(step, key)), requests
    return test_service(channel).StreamingInputCall.future(requests, **made_with(step, key)), requests


def _give_up(call: Any, requests: Written) -> None:
    unless(call.cancel(), "the call was over before it was cancelled")
    requests.end()
    status = status_of(call)
    unless(status.code is grpc.StatusCode.CANCELLED, f"expected CANCELLED, but got {shown(status)}")


def hold(step: Step, session: Session, ways: Ways) -> None:
    """Make a call that the server does not answer; `ended` is what the server must say of it."""
    key = session.name("hold")
    call = control_service(ways.of_threads).Hold.future(control.HoldRequest(), **made_with(step, key))
    Ended.of(call).check(step, session)
    wait_for_end(ways.of_threads, key, step.expect.ended)
