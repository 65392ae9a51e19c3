"""What a server has sent before its call fails is read by who takes his time, on threads and on a loop."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
import samehost.aio
from aio_echo import on_loop, soon
from calling import PATIENCE, call, child_address, unary
from stubs import SERVICE, Ask, EchoStub, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

READY = grpc.ChannelConnectivity.READY

# Fifty answers, and then the end of the process.
DYING = Ask(order=Order(count=50, wait_millis=200, abort=True))


def read_all(answers: Iterable[Any]) -> tuple[list[Any], Any]:
    """Give what comes, and the error behind it."""
    read: list[Any] = []
    try:
        for answer in answers:
            read.append(answer)  # noqa: PERF402 what came before the error is kept
    except grpc.RpcError as error:
        return read, error
    pytest.fail("it ended well")


def test_what_a_child_has_sent_before_it_dies_is_read() -> None:
    states: list[grpc.ChannelConnectivity] = []
    with samehost.channel(child_address("worker.py")) as channel:
        channel.subscribe(states.append)
        answers = EchoStub(channel).Repeat(DYING)
        assert next(answers).count == 0
        until = time.monotonic() + PATIENCE
        while READY not in states or states[-1] is READY:
            assert time.monotonic() < until
            time.sleep(0.01)
        read, error = read_all(answers)
    assert [answer.count for answer in read] == list(range(1, 50))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "exited with status 3" in str(error.details())


@on_loop
async def test_what_a_child_has_sent_before_it_dies_is_read_on_a_loop() -> None:
    async with samehost.aio.channel(child_address("worker.py")) as channel:
        answers = EchoStub(channel).Repeat(DYING)
        assert (await soon(answers.read())).count == 0
        while channel.get_state() is READY:
            await soon(channel.wait_for_state_change(READY))
        read = [(await soon(answers.read())).count for _ in range(49)]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await soon(answers.read())
    assert read == list(range(1, 50))
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "exited with status 3" in (caught.value.details() or "")


class Resetting:
    """Answers three times, and then says more than its client takes, so that its call is reset."""

    def __init__(self) -> None:
        """Nothing has ended yet."""
        self.ended = threading.Event()

    def repeat(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Answer."""
        del request
        context.add_callback(self.ended.set)
        yield from (b"0", b"1", b"2")
        context.set_trailing_metadata((("large", "x" * 9000),))

    def handlers(self) -> dict[str, Any]:
        """Give what serves it, and a call that shows what came before its answer."""
        repeat: Any = grpc.unary_stream_rpc_method_handler(self.repeat)
        return {"Repeat": repeat, **unary(lambda request, _: request)}


def test_what_came_before_a_reset_is_read(serve: Callable[..., Any]) -> None:
    resetting = Resetting()
    channel = serve(resetting.handlers())
    answers = channel.unary_stream(f"/{SERVICE}/Repeat")(b"")
    assert next(answers) == b"0"
    assert resetting.ended.wait(PATIENCE)
    assert call(channel, b"behind it") == b"behind it"
    read, error = read_all(answers)
    assert (read, error.code()) == ([b"1", b"2"], grpc.StatusCode.RESOURCE_EXHAUSTED)


@on_loop
async def test_what_came_before_a_reset_is_read_on_a_loop(serve: Callable[..., Any], address: str) -> None:
    resetting = Resetting()
    serve(resetting.handlers())
    async with samehost.aio.channel(address) as channel:
        answers = channel.unary_stream(f"/{SERVICE}/Repeat")(b"")
        assert await soon(answers.read()) == b"0"
        assert resetting.ended.wait(PATIENCE)
        assert await soon(channel.unary_unary(f"/{SERVICE}/Say")(b"behind it")) == b"behind it"
        assert [await soon(answers.read()), await soon(answers.read())] == [b"1", b"2"]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await soon(answers.read())
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
