"""Streams of one direction, from threads and on the loop."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.client.call import Ended, made_with, test_service
from samehost_interop.client.unary import payload
from samehost_interop.stubs import messages
from samehost_interop.suite import Status, Step, unless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways


def client_stream(step: Step, session: Session, ways: Ways) -> None:
    """Send messages of the sizes `requests`; the answer must be their sum."""
    requests = [messages.StreamingInputCallRequest(payload=payload(size)) for size in step.requests]
    call = test_service(ways.of_threads).StreamingInputCall
    try:
        answer, ended = call.with_call(iter(requests), **made_with(step))
    except grpc.RpcError as error:
        Ended.of(error).check(step, session)
    else:
        Ended.of(ended).check(step, session)
        _check_sum(step, answer)
    future = call.future(iter(requests), **made_with(step))
    Ended.of(future).check(step, session)
    if future.exception() is None:
        _check_sum(step, future.result())
    ways.loop.run(_client_stream_on_loop(step, session, ways, requests))


async def _client_stream_on_loop(step: Step, session: Session, ways: Ways, requests: list[Any]) -> None:
    call = test_service(await ways.of_loop()).StreamingInputCall(**made_with(step))
    for request in requests:
        await call.write(request)
    await call.done_writing()
    (await Ended.on_loop(call)).check(step, session)
    if await call.code() is grpc.StatusCode.OK:
        _check_sum(step, await call)


def _check_sum(step: Step, answer: Any) -> None:
    expected, found = sum(step.requests), answer.aggregated_payload_size
    unless(found == expected, f"expected the sum {expected}, but got {found}")


def asking(sizes: Iterable[int]) -> Any:
    """Make a request that asks for messages of these sizes."""
    parameters = [messages.ResponseParameters(size=size) for size in sizes]
    return messages.StreamingOutputCallRequest(response_parameters=parameters)


def server_stream(step: Step, session: Session, ways: Ways) -> None:
    """Ask for messages of the sizes `responses`, which must come."""
    request = asking(step.responses or ())
    call = test_service(ways.of_threads).StreamingOutputCall(request, **made_with(step))
    sizes = []
    with contextlib.suppress(grpc.RpcError):  # the call says how it has ended
        for answer in call:
            sizes.append(len(answer.payload.body))  # noqa: PERF401 it may raise half-way
    ended = Ended.of(call)
    ended.check(step, session)
    _check_sizes(step, sizes, ended.status)
    ways.loop.run(_server_stream_on_loop(step, session, ways, request))


async def _server_stream_on_loop(step: Step, session: Session, ways: Ways, request: Any) -> None:
    stub = test_service(await ways.of_loop())
    for read in (_iterated, _read):
        call = stub.StreamingOutputCall(request, **made_with(step))
        sizes: list[int] = []
        with contextlib.suppress(grpc.RpcError):  # the call says how it has ended
            await read(call, sizes)
        ended = await Ended.on_loop(call)
        ended.check(step, session)
        _check_sizes(step, sizes, ended.status)


async def _iterated(call: Any, sizes: list[int]) -> None:
    async for answer in call:
        sizes.append(len(answer.payload.body))  # noqa: PERF401 it may raise half-way


async def _read(call: Any, sizes: list[int]) -> None:
    answer = await call.read()
    while answer is not grpc.aio.EOF:
        sizes.append(len(answer.payload.body))
        answer = await call.read()


def _check_sizes(step: Step, sizes: list[int], status: Status) -> None:
    expected = list(step.responses or ())
    if status.code is not grpc.StatusCode.OK:
        # What came before the failure must be right all the same.
        expected = expected[: len(sizes)]
    unless(sizes == expected, f"expected {expected} bytes, but got {sizes}")
