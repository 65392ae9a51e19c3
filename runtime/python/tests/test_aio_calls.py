"""What calls of a client do on a loop, over a Unix socket and over a child's standard streams."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
from typing import TYPE_CHECKING, Any

import grpc.aio
import pytest
import samehost.aio
from aio_echo import echoing, on_loop, soon, until
from calling import child_address
from echo import FOR_EVER
from stubs import Ask, EchoStub, Order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    Reach = Callable[[], contextlib.AbstractAsyncContextManager[Any]]

WAITING = Ask(order=Order(wait_millis=FOR_EVER))


@pytest.fixture(params=["unix", "stdio"])
def reach(request: pytest.FixtureRequest, address: str) -> Reach:
    """Give what opens a stub to the tests' service, over each transport."""

    @contextlib.asynccontextmanager
    async def over_unix() -> AsyncIterator[Any]:
        async with echoing(address) as (stub, _):
            yield stub

    @contextlib.asynccontextmanager
    async def over_stdio() -> AsyncIterator[Any]:
        async with samehost.aio.channel(child_address("aio_worker.py")) as channel:
            yield EchoStub(channel)

    return over_unix if request.param == "unix" else over_stdio


async def awaited(call: Any) -> Any:
    return await call


async def asks(*texts: bytes) -> AsyncIterator[Any]:
    for text in texts:
        yield Ask(data=text)


@on_loop
async def test_a_unary_call_is_awaited(reach: Reach) -> None:
    async with reach() as echo:
        call = echo.Say(Ask(data=b"ada"), timeout=30)
        answer = await call
        assert answer.data == b"ada"
        assert await call is answer
        assert call.done()
        assert not call.cancelled()
        assert await call.code() is grpc.StatusCode.OK
        assert await call.details() == ""
        assert await call.trailing_metadata() == grpc.aio.Metadata()
        assert 0 < call.time_remaining() <= 30


@on_loop
async def test_a_failure_is_raised_with_its_status(reach: Reach) -> None:
    async with reach() as echo:
        call = echo.Say(Ask(order=Order(code=5, text="no keys")))
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND
        assert raised.value.details() == "no keys"
        assert raised.value.debug_error_string() == "NOT_FOUND: no keys"
        assert await call.code() is grpc.StatusCode.NOT_FOUND


@on_loop
async def test_responses_are_iterated(reach: Reach) -> None:
    async with reach() as echo:
        call = echo.Repeat(Ask(data=b"a", order=Order(count=100)))
        assert [answer.count async for answer in call] == list(range(100))
        assert await call.code() is grpc.StatusCode.OK


@on_loop
async def test_responses_are_read_one_by_one(reach: Reach) -> None:
    async with reach() as echo:
        call = echo.Repeat(Ask(data=b"a", order=Order(count=2)))
        assert [(await call.read()).count for _ in range(2)] == [0, 1]
        assert await call.read() is grpc.aio.EOF
        assert await call.read() is grpc.aio.EOF


@on_loop
async def test_a_stream_that_fails_raises_behind_its_responses(reach: Reach) -> None:
    async with reach() as echo:
        call = echo.Repeat(Ask(data=b"a", order=Order(count=2, code=9, text="not now")))
        assert [(await call.read()).count for _ in range(2)] == [0, 1]
        with pytest.raises(grpc.aio.AioRpcError, match="not now"):
            await call.read()
        call = echo.Repeat(Ask(order=Order(code=9, text="not now")))
        with pytest.raises(grpc.aio.AioRpcError, match="not now"):
            assert [answer async for answer in call] == []


@on_loop
async def test_requests_come_from_an_asynchronous_iterator_or_a_list(reach: Reach) -> None:
    async with reach() as echo:
        answer = await echo.Collect(asks(b"a", b"b", b"c"))
        assert (answer.data, answer.count) == (b"abc", 3)
        answer = await echo.Collect([Ask(data=b"a"), Ask(data=b"b")])
        assert (answer.data, answer.count) == (b"ab", 2)


@on_loop
async def test_requests_are_written(reach: Reach) -> None:
    async with reach() as echo:
        call = echo.Collect()
        await call.write(Ask(data=b"a"))
        await call.write(Ask(data=b"b"))
        await call.done_writing()
        await call.done_writing()
        with pytest.raises(asyncio.InvalidStateError):
            await call.write(Ask())
        assert (await call).data == b"ab"
        with pytest.raises(asyncio.InvalidStateError):
            await call.write(Ask())


@on_loop
async def test_both_sides_take_turns(reach: Reach) -> None:
    async with reach() as echo:
        call = echo.Chat()
        await call.wait_for_connection()
        for text in (b"a", b"b" * 100_000, b""):
            await call.write(Ask(data=text))
            assert (await call.read()).data == text
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK


@on_loop
async def test_a_deadline_ends_a_call_of_each_kind(reach: Reach) -> None:
    async with reach() as echo:
        kinds: list[Callable[..., Any]] = [
            lambda: echo.Say(WAITING, timeout=0.2),
            lambda: echo.Collect([WAITING], timeout=0.2),
            lambda: echo.Repeat(WAITING, timeout=0.2).read(),
            lambda: echo.Chat([WAITING], timeout=0.2).read(),
        ]
        for begin in kinds:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await begin()
            assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


@on_loop
async def test_a_thousand_calls_at_once_get_each_its_answer(reach: Reach) -> None:
    async with reach() as echo:
        calls = [echo.Say(Ask(data=b"%d" % number)) for number in range(1000)]
        answers = await asyncio.gather(*calls)
        assert [answer.data for answer in answers] == [b"%d" % number for number in range(1000)]


@on_loop
async def test_the_styles_of_reading_and_of_writing_are_not_mixed(address: str) -> None:
    async with echoing(address) as (echo, _):
        call = echo.Chat(asks(b"a", b"b"))
        with pytest.raises(grpc.aio.UsageError):
            await call.write(Ask())
        with pytest.raises(grpc.aio.UsageError):
            await call.done_writing()
        await call.read()
        with pytest.raises(grpc.aio.UsageError):
            call.__aiter__()


@on_loop
async def test_a_cancelled_call_raises_cancelled_error_and_reaches_the_handler(address: str) -> None:
    kinds: list[Callable[..., Any]] = [
        lambda echo: echo.Say(WAITING),
        lambda echo: echo.Collect([WAITING]),
        lambda echo: echo.Repeat(WAITING),
        lambda echo: echo.Chat([WAITING]),
    ]
    for begin in kinds:
        async with echoing(address) as (echo, servicer):
            call = begin(echo)
            told: list[Any] = []
            call.add_done_callback(told.append)
            await soon(servicer.begun.wait())
            assert call.cancel()
            assert not call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await (call.read() if hasattr(call, "read") else call)
            assert call.cancelled()
            assert call.done()
            assert await call.code() is grpc.StatusCode.CANCELLED
            await until(functools.partial(len, told))
            assert told == [call]
            await soon(servicer.cancelled.wait())


@on_loop
async def test_to_cancel_a_task_that_waits_cancels_its_call(address: str) -> None:
    kinds: list[Callable[..., Any]] = [
        lambda echo: awaited(echo.Say(WAITING)),
        lambda echo: awaited(echo.Collect([WAITING])),
        lambda echo: echo.Repeat(WAITING).read(),
        lambda echo: echo.Chat([WAITING]).read(),
    ]
    for wait in kinds:
        async with echoing(address) as (echo, servicer):
            task = asyncio.ensure_future(wait(echo))
            await soon(servicer.begun.wait())
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await soon(servicer.cancelled.wait())


@on_loop
async def test_to_cancel_who_asks_for_the_status_leaves_the_call_alone(address: str) -> None:
    async with echoing(address) as (echo, _):
        call = echo.Say(Ask(order=Order(wait_millis=200)))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call.code(), 0.01)
        assert (await call).count == 1


@on_loop
async def test_a_call_that_is_dropped_is_cancelled(address: str) -> None:
    async def endless() -> AsyncIterator[Any]:
        yield WAITING
        await asyncio.sleep(3600)

    kinds: list[Callable[..., Any]] = [
        lambda echo: echo.Say(WAITING),
        lambda echo: echo.Collect(endless()),
        lambda echo: echo.Repeat(WAITING),
        lambda echo: echo.Chat(endless()),
    ]
    for begin in kinds:
        async with echoing(address) as (echo, servicer):
            call = begin(echo)
            await soon(servicer.begun.wait())
            del call
            gc.collect()
            await soon(servicer.cancelled.wait())


@on_loop
async def test_an_iterator_of_requests_that_raises_fails_the_call(address: str) -> None:
    async def failing() -> AsyncIterator[Any]:
        yield Ask(data=b"a")
        message = "out of\npaper"
        raise OSError(message)

    async with echoing(address) as (echo, _):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await echo.Collect(failing())
        assert raised.value.code() is grpc.StatusCode.UNKNOWN
        assert raised.value.details() == "the client's stream of requests failed: OSError: out of paper."


@on_loop
async def test_an_iterator_of_requests_is_cancelled_when_the_call_ends_first(address: str) -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[Any]:
        try:
            yield Ask(order=Order(code=5, text="enough"))
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async with echoing(address) as (echo, _):
        with pytest.raises(grpc.aio.AioRpcError, match="enough"):
            await echo.Collect(endless())
        await soon(ended.wait())


@pytest.mark.parametrize("kind", ["Collect", "Chat"])
@on_loop
async def test_an_iterator_of_requests_does_not_outlive_a_call_that_was_over_at_once(
    address: str, kind: str
) -> None:
    async def silent() -> AsyncIterator[Any]:
        await asyncio.sleep(3600)
        yield Ask()

    async with echoing(address) as (echo, _):
        await echo.Say(Ask())
        others = asyncio.all_tasks()
        call = getattr(echo, kind)(silent(), timeout=0)
        assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await until(lambda: asyncio.all_tasks() <= others)


@on_loop
async def test_a_call_waits_for_a_server_that_starts_later(address: str) -> None:
    async with samehost.aio.channel(address, backoff=0.05, longest_backoff=0.1) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await EchoStub(channel).Say(Ask())
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "Is the server running?" in (raised.value.details() or "")
        call = EchoStub(channel).Say(Ask(data=b"ada"), wait_for_ready=True)
        await asyncio.sleep(0.05)
        async with echoing(address):
            assert (await call).data == b"ada"
