"""Asks a server what it knows of other calls, and shows that it is healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.blocks import block, is_intact
from samehost_interop.client.call import control_service, status_of, test_service
from samehost_interop.stubs import Empty, control
from samehost_interop.suite import Mismatch, shown, unless

if TYPE_CHECKING:
    from samehost_interop.client.ways import Ways

_WAIT_MILLIS = 20_000
_PATIENCE_SECONDS = 30.0


def describe(channel: grpc.Channel) -> Any:
    """Ask who serves."""
    return control_service(channel).Describe(control.DescribeRequest(), timeout=_PATIENCE_SECONDS)


def release(channel: grpc.Channel, key: str) -> None:
    """Let the call with this key go on."""
    control_service(channel).Release(control.ReleaseRequest(key=key), timeout=_PATIENCE_SECONDS)


def wait_until_open(channel: grpc.Channel, key: str) -> None:
    """Wait until the server has the call."""
    state = _how_ended(channel, key, over=False)
    unless(state == "OPEN", f"expected the call to be open, but it is {state}")


def wait_for_end(channel: grpc.Channel, key: str, expected: str) -> None:
    """Wait until the call is over for the server, which must call that so."""
    state = _how_ended(channel, key, over=True)
    unless(state == expected, f"expected the call to be {expected} for the server, but it is {state}")


def _how_ended(channel: grpc.Channel, key: str, *, over: bool) -> str:
    request = control.HowEndedRequest(key=key, over=over, wait_millis=_WAIT_MILLIS)
    answer = control_service(channel).HowEnded(request, timeout=_PATIENCE_SECONDS)
    return str(control.HowEndedResponse.State.Name(answer.state))


def echo(channel: grpc.Channel, calls: int, size: int) -> None:
    """Make so many calls, whose answers must be right."""
    stub = control_service(channel)
    for number in range(calls):
        answer = stub.Echo(block(number, size), timeout=_PATIENCE_SECONDS)
        right = answer.seed == number and len(answer.body) == size and is_intact(answer)
        unless(right, "a call beside it got a wrong answer")


def check_health(ways: Ways) -> None:
    """Show that each channel that was used carries a call."""
    try:
        test_service(ways.of_threads).EmptyCall(Empty(), timeout=_PATIENCE_SECONDS)
        if ways.both:
            ways.loop.run(_call_on_loop(ways))
    except grpc.RpcError as error:
        message = f"afterwards a call fails: {shown(status_of(error))}"
        raise Mismatch(message) from error


async def _call_on_loop(ways: Ways) -> None:
    await test_service(await ways.of_loop()).EmptyCall(Empty(), timeout=_PATIENCE_SECONDS)
