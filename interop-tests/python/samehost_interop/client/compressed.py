"""Calls whose messages are compressed one by one.

gRPC's Python API chooses for whole calls and tells of no message how it came. What is beyond it
stands on the calls of the loop, and on those of threads that stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.client.call import Ended, made_with, test_service
from samehost_interop.client.streams import asking
from samehost_interop.client.unary import payload
from samehost_interop.stubs import messages
from samehost_interop.suite import Step, unless

if TYPE_CHECKING:
    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways


def run(step: Step, session: Session, ways: Ways) -> None:
    """Send each of `requests` as `compressed` says; have each of `responses` as `wants_compressed` does."""
    if step.method == "UnaryCall":
        _unary(step, session, ways)
        ways.loop.run(_unary_on_loop(step, session, ways))
    elif step.method == "StreamingInputCall":
        ways.loop.run(_client_stream(step, session, ways))
    else:
        _server_stream(step, session, ways)
        ways.loop.run(_server_stream_on_loop(step, session, ways))


def _made_with(step: Step) -> dict[str, Any]:
    compression = grpc.Compression.Gzip if any(step.compressed) else grpc.Compression.NoCompression
    return {**made_with(step), "compression": compression}


def _bool(values: tuple[bool, ...], at: int) -> Any:
    return messages.BoolValue(value=values[at]) if at < len(values) else None


def _simple_request(step: Step) -> Any:
    return messages.SimpleRequest(
        response_size=step.response(0),
        payload=payload(step.request(0)),
        expect_compressed=_bool(step.says_compressed, 0),
        response_compressed=_bool(step.wants_compressed, 0),
    )


def _unary(step: Step, session: Session, ways: Ways) -> None:
    stub = test_service(ways.of_threads)
    future = stub.UnaryCall.future(_simple_request(step), **_made_with(step))
    Ended.of(future).check(step, session)
    if future.exception() is None:
        _check(step, [len(future.result().payload.body)], None)


async def _unary_on_loop(step: Step, session: Session, ways: Ways) -> None:
    call = test_service(await ways.of_loop()).UnaryCall(_simple_request(step), **_made_with(step))
    (await Ended.on_loop(call)).check(step, session)
    if await call.code() is grpc.StatusCode.OK:
        _check(step, [len((await call).payload.body)], [call.response_was_compressed()])


async def _client_stream(step: Step, session: Session, ways: Ways) -> None:
    call = test_service(await ways.of_loop()).StreamingInputCall(**_made_with(step))
    for at, size in enumerate(step.requests):
        request = messages.StreamingInputCallRequest(
            payload=payload(size), expect_compressed=_bool(step.says_compressed, at)
        )
        await call.write(request, compress=step.compressed[at])
    await call.done_writing()
    (await Ended.on_loop(call)).check(step, session)
    if await call.code() is grpc.StatusCode.OK:
        expected, found = sum(step.requests), (await call).aggregated_payload_size
        unless(found == expected, f"expected the sum {expected}, but got {found}")


def _asked(step: Step) -> Any:
    request = asking(step.responses or ())
    for at, parameters in enumerate(request.response_parameters):
        parameters.compressed.CopyFrom(_bool(step.wants_compressed, at))
    return request


def _server_stream(step: Step, session: Session, ways: Ways) -> None:
    call = test_service(ways.of_threads).StreamingOutputCall(_asked(step), **_made_with(step))
    seen = [(len(answer.payload.body), call.response_was_compressed()) for answer in call]
    Ended.of(call).check(step, session)
    _check(step, [size for size, _ in seen], [compressed for _, compressed in seen])


async def _server_stream_on_loop(step: Step, session: Session, ways: Ways) -> None:
    call = test_service(await ways.of_loop()).StreamingOutputCall(_asked(step), **_made_with(step))
    seen = [(len(answer.payload.body), call.response_was_compressed()) async for answer in call]
    (await Ended.on_loop(call)).check(step, session)
    _check(step, [size for size, _ in seen], [compressed for _, compressed in seen])


def _check(step: Step, sizes: list[int], seen: list[bool] | None) -> None:
    """Check what came; how it came where it is known, and was asked for."""
    expected, wanted = list(step.responses or ()), list(step.wants_compressed)
    unless(sizes == expected, f"expected {expected} bytes, but got {sizes}")
    right = seen is None or not wanted or seen == wanted
    unless(right, f"expected answers compressed as {wanted}, but got them as {seen}")
