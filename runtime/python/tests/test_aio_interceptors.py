"""Interceptors of clients on a loop, of all four kinds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc.aio
import pytest
import samehost.aio
from aio_echo import echoing, on_loop, say, serving, soon, unary
from echo import FOR_EVER
from stubs import Answer, Ask, Order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WAITING = Ask(order=Order(wait_millis=FOR_EVER))


class Marking(
    grpc.aio.UnaryUnaryClientInterceptor,
    grpc.aio.UnaryStreamClientInterceptor,
    grpc.aio.StreamUnaryClientInterceptor,
    grpc.aio.StreamStreamClientInterceptor,
):
    """Adds its name to the metadata of each call, and notes its method."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.methods: list[bytes] = []

    async def mark(self, continuation: Any, details: Any, request: Any) -> Any:
        """Do it."""
        self.methods.append(details.method)
        marked = details._replace(metadata=grpc.aio.Metadata(*details.metadata, ("x-mark", self.name)))
        return await continuation(marked, request)

    intercept_unary_unary = mark  # type: ignore[assignment]  # without the names of types
    intercept_unary_stream = mark  # type: ignore[assignment]
    intercept_stream_unary = mark  # type: ignore[assignment]
    intercept_stream_stream = mark  # type: ignore[assignment]


@on_loop
async def test_each_kind_of_call_passes_the_interceptors(address: str) -> None:
    marking = Marking("a")
    async with echoing(address, channel={"interceptors": [marking]}) as (echo, _):
        assert (await echo.Say(Ask(data=b"a"))).data == b"a"
        assert (await echo.Collect([Ask(data=b"a")])).data == b"a"
        assert [one.data async for one in echo.Chat([Ask(data=b"a")])] == [b"a"]
        repeat = echo.Repeat(Ask(data=b"a", order=Order(count=1)))
        assert (await repeat.read()).data == b"a"
        assert await repeat.read() is grpc.aio.EOF
    methods = [method.rpartition(b"/")[2] for method in marking.methods]
    assert methods == [b"Say", b"Collect", b"Chat", b"Repeat"]


@on_loop
async def test_interceptors_run_in_their_order_and_change_the_metadata(address: str) -> None:
    async def marks(_: bytes, context: Any) -> bytes:
        metadata = context.invocation_metadata()
        return " ".join(pair.value for pair in metadata if pair.key == "x-mark").encode()

    options = {"interceptors": [Marking("outer"), Marking("inner")]}
    async with serving(address, unary(marks), channel=options) as channel:
        call = say(channel)(b"", metadata=(("x-mark", "own"),), timeout=30)
        assert call.time_remaining() > 0
        assert await call == b"own outer inner"
        assert call.time_remaining() > 0
        assert call.done()
        assert await call.code() is grpc.StatusCode.OK


@on_loop
async def test_what_is_written_passes_an_interceptor_that_waits_for_the_end(address: str) -> None:
    class Waiting(grpc.aio.StreamUnaryClientInterceptor):
        async def intercept_stream_unary(self, continuation: Any, details: Any, requests: Any) -> Any:
            call = await continuation(details, requests)
            assert await call.code() is grpc.StatusCode.OK
            return call

    async with echoing(address, channel={"interceptors": [Waiting()]}) as (echo, _):
        call = echo.Collect()
        for _ in range(5):
            await soon(call.write(Ask(data=b"a")))
        await soon(call.done_writing())
        await soon(call.done_writing())
        assert (await soon(call)).data == b"aaaaa"
        with pytest.raises(asyncio.InvalidStateError):
            await call.write(Ask())


@on_loop
async def test_streams_are_written_and_read_behind_interceptors(address: str) -> None:
    async with echoing(address, channel={"interceptors": [Marking("a")]}) as (echo, _):
        call = echo.Chat()
        await soon(call.wait_for_connection())
        for text in (b"a", b"b"):
            await call.write(Ask(data=text))
            assert (await call.read()).data == text
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        call = echo.Chat([Ask(data=b"a")])
        with pytest.raises(grpc.aio.UsageError):
            await call.write(Ask())
        with pytest.raises(grpc.aio.UsageError):
            await call.done_writing()
        assert (await call.read()).data == b"a"


@on_loop
async def test_a_write_behind_interceptors_ends_with_its_call(address: str) -> None:
    async with echoing(address, channel={"interceptors": [Marking("a")]}) as (echo, _):
        call = echo.Chat()

        async def write_for_ever() -> None:
            while True:
                await call.write(Ask(order=Order(code=5, text="enough")))

        with pytest.raises(asyncio.InvalidStateError):
            await soon(write_for_ever())
        assert await call.code() is grpc.StatusCode.NOT_FOUND


@on_loop
async def test_an_interceptor_answers_by_itself(address: str) -> None:
    class Answering(Marking):
        async def mark(self, continuation: Any, details: Any, request: Any) -> Any:
            del continuation, details, request
            return Answer(data=b"mine")

        intercept_unary_unary = intercept_stream_unary = mark

        async def _several(self) -> AsyncIterator[Any]:
            yield Answer(data=b"mine")
            yield Answer(data=b"too")

        async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
            del continuation, details, request
            return self._several()

        intercept_stream_stream = intercept_unary_stream

    options = {"interceptors": [Answering("a")]}
    async with samehost.aio.channel(address, **options) as channel:  # type: ignore[arg-type]
        call = say(channel)(b"")
        assert (await call).data == b"mine"
        assert call.done()
        assert await call.code() is grpc.StatusCode.OK
        assert await call.trailing_metadata() == grpc.aio.Metadata()
        told: list[Any] = []
        call.add_done_callback(told.append)
        assert told == [call]
        path = say(channel)._method.path
        assert (await channel.stream_unary(path)([])).data == b"mine"
        assert [one.data async for one in channel.unary_stream(path)(b"")] == [b"mine", b"too"]
        answer: Any = await channel.stream_stream(path)([]).read()
        assert answer.data == b"mine"


@on_loop
async def test_an_interceptor_changes_the_responses_of_a_stream(address: str) -> None:
    class Doubling(grpc.aio.UnaryStreamClientInterceptor):
        async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
            call = await continuation(details, request)

            async def doubled() -> AsyncIterator[Any]:
                async for answer in call:
                    yield answer
                    yield answer

            return doubled()

    async with echoing(address, channel={"interceptors": [Doubling()]}) as (echo, _):
        call = echo.Repeat(Ask(order=Order(count=2)))
        assert [one.count async for one in call] == [0, 0, 1, 1]
        assert await call.code() is grpc.StatusCode.OK


@on_loop
async def test_what_an_interceptor_raises_is_raised_by_the_call(address: str) -> None:
    class Raising(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            del continuation, details
            if not request.data:
                none = grpc.aio.Metadata()
                raise grpc.aio.AioRpcError(grpc.StatusCode.ABORTED, none, none, "no")
            message = "not I"
            raise KeyError(message)

    async with echoing(address, channel={"interceptors": [Raising()]}) as (echo, _):
        call = echo.Say(Ask())
        with pytest.raises(grpc.aio.AioRpcError, match="no"):
            await call
        assert await call.code() is grpc.StatusCode.ABORTED
        assert await call.details() == "no"
        call = echo.Say(Ask(data=b"a"))
        with pytest.raises(KeyError, match="not I"):
            await call
        assert call.done()


@on_loop
async def test_to_cancel_a_call_cancels_its_interceptors_or_what_they_began(address: str) -> None:
    entered = asyncio.Event()

    class Sleeping(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            entered.set()
            await asyncio.sleep(3600)
            return await continuation(details, request)

    async with echoing(address, channel={"interceptors": [Sleeping()]}) as (echo, _):
        call = echo.Say(Ask())
        await soon(entered.wait())
        assert call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert call.cancelled()
        assert await call.code() is grpc.StatusCode.CANCELLED
        assert "cancelled by its caller" in await call.details()
    async with echoing(address, channel={"interceptors": [Marking("a")]}) as (echo, servicer):
        call = echo.Say(WAITING)
        await soon(servicer.begun.wait())
        assert call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await soon(servicer.cancelled.wait())


@on_loop
async def test_callbacks_are_called_with_the_call_that_the_application_has(address: str) -> None:
    async with echoing(address, channel={"interceptors": [Marking("a")]}) as (echo, _):
        call = echo.Say(Ask())
        told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        call.add_done_callback(told.set_result)
        await call
        assert await soon(told) is call


def test_what_is_no_interceptor_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is no interceptor"):
        samehost.aio.channel(address, interceptors=["me"])  # type: ignore[list-item]
