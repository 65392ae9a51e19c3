"""Streams of both directions, one message at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.client.call import Ended, made_with, test_service
from samehost_interop.client.streams import asking
from samehost_interop.client.unary import echoed_status, payload
from samehost_interop.client.written import Written
from samehost_interop.suite import Step, unless

if TYPE_CHECKING:
    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways


def run(step: Step, session: Session, ways: Ways) -> None:
    """Have each of `requests` ask for the one of `responses` at its place, and wait for it."""
    _from_threads(step, session, ways)
    ways.loop.run(_on_loop(step, session, ways))


def message(step: Step, at: int) -> Any:
    """Make the request at this place."""
    expected = _expected(step, at)
    made = asking([] if expected is None else [expected])
    made.payload.CopyFrom(payload(step.request(at)))
    if step.status is not None:
        made.response_status.CopyFrom(echoed_status(step))
    return made


def _from_threads(step: Step, session: Session, ways: Ways) -> None:
    requests = Written()
    call = test_service(ways.of_threads).FullDuplexCall(requests, **made_with(step))
    try:
        for at in range(len(step.requests)):
            requests.write(message(step, at))
            expected = _expected(step, at)
            if expected is not None:
                _check(expected, next(call))
        if step.half_close:
            requests.end()
        unless(next(call, None) is None, "a message that nobody asked for")
    except grpc.RpcError:
        pass  # the call says how it has ended
    ended = Ended.of(call)
    requests.end()
    ended.check(step, session)


async def _on_loop(step: Step, session: Session, ways: Ways) -> None:
    call = test_service(await ways.of_loop()).FullDuplexCall(**made_with(step))
    try:
        for at in range(len(step.requests)):
            await call.write(message(step, at))
            expected = _expected(step, at)
            if expected is not None:
                _check(expected, await call.read())
        if step.half_close:
            await call.done_writing()
        unless(await call.read() is grpc.aio.EOF, "a message that nobody asked for")
    except (grpc.RpcError, asyncio.InvalidStateError):
        pass  # the call says how it has ended; grpc.aio calls it an invalid state to write to one that has
    (await Ended.on_loop(call)).check(step, session)


def _expected(step: Step, at: int) -> int | None:
    return step.responses[at] if step.responses is not None and at < len(step.responses) else None


def _check(expected: int, answer: Any) -> None:
    size = "the end" if answer is grpc.aio.EOF else len(answer.payload.body)
    unless(size == expected, f"expected {expected} bytes, but got {size}")
