"""Unary calls, in each style of stub, one after the other or many together."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import grpc

from samehost_interop.blocks import block, is_intact
from samehost_interop.client.call import Ended, control_service, made_with, test_service
from samehost_interop.stubs import Empty, messages, testing_grpc
from samehost_interop.suite import Status, Step, unless

if TYPE_CHECKING:
    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways


class Method(NamedTuple):
    """A unary method: how it is found on a channel, what to ask, and whether the answer is right."""

    find: Callable[[Any], Any]
    request: Callable[[Step, int], Any]
    check: Callable[[Step, int, Any], None]


def run(step: Step, session: Session, ways: Ways) -> None:
    """Call `count` times in each style, or `at_once`, or from `threads`."""
    method = _METHODS[step.method]
    if step.at_once is not None:
        _at_once(method, step, session, ways)
        ways.loop.run(_at_once_on_loop(method, step, session, ways))
    elif step.threads is not None:
        _from_threads(method, step, session, ways)
    else:
        for number in range(step.count):
            _blocking(method, step, session, ways, number)
            _with_call(method, step, session, ways, number)
            _finish(method, step, session, _future(method, step, ways, number), number)
            ways.loop.run(_on_loop(method, step, session, ways, number))


def _blocking(method: Method, step: Step, session: Session, ways: Ways, number: int) -> None:
    """Call as most applications do: what comes with a response is not seen then."""
    call = method.find(ways.of_threads)
    try:
        answer = call(method.request(step, number), **made_with(step))
    except grpc.RpcError as error:
        Ended.of(error).check(step, session)
    else:
        step.expect.check(Status())
        method.check(step, number, answer)


def _with_call(method: Method, step: Step, session: Session, ways: Ways, number: int) -> None:
    call = method.find(ways.of_threads)
    try:
        answer, ended = call.with_call(method.request(step, number), **made_with(step))
    except grpc.RpcError as error:
        Ended.of(error).check(step, session)
    else:
        Ended.of(ended).check(step, session)
        method.check(step, number, answer)


def _future(method: Method, step: Step, ways: Ways, number: int) -> Any:
    return method.find(ways.of_threads).future(method.request(step, number), **made_with(step))


def _finish(method: Method, step: Step, session: Session, future: Any, number: int) -> None:
    Ended.of(future).check(step, session)
    if future.exception() is None:
        method.check(step, number, future.result())


async def _on_loop(method: Method, step: Step, session: Session, ways: Ways, number: int) -> None:
    call = method.find(await ways.of_loop())(method.request(step, number), **made_with(step))
    (await Ended.on_loop(call)).check(step, session)
    if await call.code() is grpc.StatusCode.OK:
        method.check(step, number, await call)


def _at_once(method: Method, step: Step, session: Session, ways: Ways) -> None:
    numbers = range(step.at_once or 0)
    futures = [_future(method, step, ways, number) for number in numbers]
    for number, future in zip(numbers, futures):
        _finish(method, step, session, future, number)


async def _at_once_on_loop(method: Method, step: Step, session: Session, ways: Ways) -> None:
    numbers = range(step.at_once or 0)
    await asyncio.gather(*(_on_loop(method, step, session, ways, number) for number in numbers))


def _from_threads(method: Method, step: Step, session: Session, ways: Ways) -> None:
    def call(thread: int) -> None:
        for number in range(thread * step.count, (thread + 1) * step.count):
            _blocking(method, step, session, ways, number)

    with ThreadPoolExecutor(step.threads) as threads:
        list(threads.map(call, range(step.threads or 0)))


def payload(size: int) -> Any:
    """Make a payload of so many bytes."""
    return messages.Payload(body=bytes(size))


def echoed_status(step: Step) -> Any:
    """Make the status that a step wants to have echoed, if it does."""
    if step.status is None:
        return None
    return messages.EchoStatus(code=step.status.code, message=step.status.message)


def _empty(_: Step, __: int) -> Any:
    return Empty()


def _any(_: Step, __: int, ___: Any) -> None:
    """Take any answer: there is nothing in it."""


def _sizes(step: Step, _: int) -> Any:
    return messages.SimpleRequest(
        response_size=step.response(0), payload=payload(step.request(0)), response_status=echoed_status(step)
    )


def _check_size(step: Step, _: int, answer: Any) -> None:
    size = len(answer.payload.body)
    unless(size == step.response(0), f"expected an answer of {step.response(0)} bytes, but got {size}")


def _check_block(step: Step, number: int, answer: Any) -> None:
    right = answer.seed == number and len(answer.body) == step.request(0) and is_intact(answer)
    unless(right, f"the answer to call {number} is that to another, or damaged: {answer.seed}")


_METHODS = {
    "EmptyCall": Method(lambda channel: test_service(channel).EmptyCall, _empty, _any),
    "UnaryCall": Method(lambda channel: test_service(channel).UnaryCall, _sizes, _check_size),
    "Echo": Method(
        lambda channel: control_service(channel).Echo,
        lambda step, number: block(number, step.request(0)),
        _check_block,
    ),
    "UnimplementedCall": Method(lambda channel: test_service(channel).UnimplementedCall, _empty, _any),
    "UnimplementedService": Method(
        lambda channel: testing_grpc.UnimplementedServiceStub(channel).UnimplementedCall, _empty, _any
    ),
}
