"""Handlers on a loop call their callers back, and channels of a loop serve such calls; so do threads."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc.aio
import pytest
import samehost.aio
from aio_echo import Echo, on_loop, say, serving, soon, unary, until
from calling import call
from calling_back import NOT_OFFERED, gone, wait_for
from calling_back import keeping as keeping_by_threads
from echo import FOR_EVER
from stubs import SERVICE, Ask, EchoStub, Order, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WAITING = Ask(order=Order(wait_millis=FOR_EVER))


def by_caller(function: Callable[[Any, bytes], Awaitable[Any]]) -> dict[str, Any]:
    """Serve one method by what is done with a channel to its caller."""

    async def behavior(request: bytes, context: Any) -> Any:
        return await function(samehost.aio.caller(context), request)

    return unary(behavior)


def keeping(kept: list[Any]) -> dict[str, Any]:
    """Serve one method, which keeps the channel to its caller."""

    async def keep(channel: Any, _: bytes) -> bytes:
        kept.append(channel)
        return b""

    return by_caller(keep)


def echoing(channel: Any, servicer: Echo | None = None) -> Any:
    """Offer the tests' service on a channel."""
    echo_pb2_grpc.add_EchoServicer_to_server(servicer or Echo(), channel)
    return channel


async def refused(call: Any) -> tuple[grpc.StatusCode, str]:
    """Give how a call failed."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value.code(), raised.value.details() or ""


async def all_kinds(channel: Any, _: bytes) -> bytes:
    """Call each kind of method of the caller's."""
    stub = EchoStub(channel)
    asks = [Ask(data=b"1"), Ask(data=b"2")]
    answers = [(await stub.Say(Ask(data=b"say"))).data, (await stub.Collect(iter(asks))).data]
    answers += [answer.data async for answer in stub.Repeat(Ask(data=b"again", order=Order(count=2)))]
    chat = stub.Chat()
    for ask in asks:
        await chat.write(ask)
        answers.append((await chat.read()).data)
    await chat.done_writing()
    assert await chat.code() is grpc.StatusCode.OK
    return b" ".join(answers)


@pytest.mark.parametrize("transport", ["unix", "shm"])
@on_loop
async def test_a_handler_calls_all_kinds_of_its_caller_s_methods(address: str, transport: str) -> None:
    async with serving(f"{transport}:{address.partition(':')[2]}", by_caller(all_kinds)) as channel:
        assert await say(echoing(channel))(b"") == b"say 12 again again 1 2"


async def deeper(channel: Any, left: bytes) -> Any:
    """Call back so many times, each within the other."""
    return b"." if left == b"0" else b"(" + await say(channel)(b"%d" % (int(left) - 1)) + b")"


def deeper_by_threads(left: bytes, context: Any) -> Any:
    """Do the same, and wait for it on the handler's thread."""
    return b"." if left == b"0" else b"(" + call(samehost.caller(context), b"%d" % (int(left) - 1)) + b")"


@on_loop
async def test_calls_back_go_seven_deep(address: str) -> None:
    async with serving(address, by_caller(deeper)) as channel:
        channel.add_registered_method_handlers(SERVICE, by_caller(deeper))
        for _ in range(20):
            assert await say(channel)(b"7") == b"(((((((.)))))))"


@on_loop
async def test_handlers_that_are_no_coroutines_call_back_too(address: str) -> None:
    # Each handler that waits has a thread.
    with ThreadPoolExecutor(8) as pool:
        async with serving(address, unary(deeper_by_threads), {"migration_thread_pool": pool}) as channel:
            channel.add_registered_method_handlers(SERVICE, unary(deeper_by_threads))
            assert await say(channel)(b"7") == b"(((((((.)))))))"


@on_loop
async def test_threads_call_back_a_loop_and_a_loop_calls_back_threads(address: str) -> None:
    server = samehost.server(address)
    server.add_registered_method_handlers(SERVICE, unary(deeper_by_threads))
    server.start()
    async with samehost.aio.channel(address) as channel:
        channel.add_registered_method_handlers(SERVICE, by_caller(deeper))
        assert await say(channel)(b"7") == b"(((((((.)))))))"
    await asyncio.to_thread(server.stop, None)
    async with serving(address, by_caller(deeper)):
        with samehost.channel(address) as of_threads:
            of_threads.add_registered_method_handlers(  # type: ignore[attr-defined]
                SERVICE, unary(deeper_by_threads)
            )
            assert await asyncio.to_thread(call, of_threads, b"7") == b"(((((((.)))))))"


@on_loop
async def test_a_channel_to_the_caller_goes_on_after_the_call_until_the_caller_goes(address: str) -> None:
    kept: list[Any] = []
    async with serving(address, keeping(kept)) as channel:
        await say(echoing(channel))(b"")
        await asyncio.sleep(0.3)
        async with kept[0] as caller:
            assert (await EchoStub(caller).Say(Ask(data=b"still"))).data == b"still"
        assert caller.get_state() is grpc.ChannelConnectivity.READY
        assert (await EchoStub(caller).Say(Ask(data=b"on"))).data == b"on"
        await channel.close()
        await until(lambda: caller.get_state() is grpc.ChannelConnectivity.SHUTDOWN)
        for waits in (False, True):
            failure = await refused(soon(EchoStub(caller).Say(Ask(), wait_for_ready=waits)))
            assert failure == (grpc.StatusCode.UNAVAILABLE, gone(address))
        with pytest.raises(grpc.aio.UsageError, match="calling back over"):
            await soon(caller.channel_ready())


@on_loop
async def test_a_caller_that_offers_nothing_says_so(address: str) -> None:
    async def back(channel: Any, _: bytes) -> bytes:
        code, text = await refused(say(channel)(b""))
        assert code is grpc.StatusCode.UNIMPLEMENTED
        return text.encode()

    async with serving(address, by_caller(back)) as channel:
        assert await say(channel)(b"") == NOT_OFFERED.encode()


@on_loop
async def test_services_are_offered_before_the_first_call(address: str) -> None:
    async with serving(address) as channel:
        await EchoStub(channel).Say(Ask())
        with pytest.raises(RuntimeError, match="before the channel is first used"):
            echoing(channel)


def test_services_are_offered_before_a_loop_runs(address: str) -> None:
    channel = echoing(samehost.aio.Channel(address))

    async def main() -> None:
        async with serving(address, by_caller(all_kinds)):
            assert await say(channel)(b"") == b"say 12 again again 1 2"
            await channel.close()

    asyncio.run(soon(main()))


@pytest.mark.parametrize("by", ["deadline", "cancel", "task"])
@on_loop
async def test_a_call_back_that_is_given_up_cancels_the_caller_s_handler(address: str, by: str) -> None:
    echo = Echo()

    async def back(channel: Any, _: bytes) -> bytes:
        waiting = EchoStub(channel).Say(WAITING, timeout=0.2 if by == "deadline" else None)
        await echo.begun.wait()
        if by == "cancel":
            waiting.cancel()
        return str(await waiting.code()).encode()

    expected = grpc.StatusCode.DEADLINE_EXCEEDED if by == "deadline" else grpc.StatusCode.CANCELLED
    async with serving(address, by_caller(back)) as channel:
        call = say(echoing(channel, echo))(b"")
        if by == "task":
            await echo.begun.wait()
            call.cancel()
        else:
            assert await call == str(expected).encode()
        if by != "task":
            await soon(echo.cancelled.wait())


@on_loop
async def test_a_handler_that_was_cancelled_cancels_its_call_back(address: str) -> None:
    echo = Echo()

    async def back(channel: Any, _: bytes) -> Any:
        return await EchoStub(channel).Say(WAITING)

    async with serving(address, by_caller(back)) as channel:
        call = say(echoing(channel, echo))(b"")
        await echo.begun.wait()
        call.cancel()
        await soon(echo.cancelled.wait())


@on_loop
async def test_a_channel_that_closes_ends_calls_both_ways_and_waits_for_its_handlers(address: str) -> None:
    echo, seen = Echo(), asyncio.Queue[Any]()

    async def back(channel: Any, _: bytes) -> bytes:
        seen.put_nowait(await refused(EchoStub(channel).Say(WAITING)))
        return b""

    async with serving(address, by_caller(back)) as channel:
        call = say(echoing(channel, echo))(b"")
        await echo.begun.wait()
        await channel.close()
        assert echo.cancelled.is_set()
        with pytest.raises(asyncio.CancelledError):
            await call
        # Its handler was cancelled as its call was.
        assert seen.empty()


@on_loop
async def test_a_channel_that_closes_with_a_grace_lets_calls_back_go_on(address: str) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()
    kept: list[Any] = []

    async def wait(request: bytes, _: Any) -> bytes:
        begun.set()
        await gate.wait()
        return request

    async with serving(address, keeping(kept)) as channel:
        channel.add_registered_method_handlers(SERVICE, unary(wait))
        await say(channel)(b"")
        # Nothing else is open than this.
        call = say(kept[0])(b"x")
        await begun.wait()
        closing = asyncio.ensure_future(channel.close(60))
        await asyncio.sleep(0.05)
        assert not closing.done()
        gate.set()
        assert await soon(call) == b"x"
        await soon(closing)


def test_a_channel_whose_loop_has_ended_and_that_was_dropped_takes_no_calls_back(address: str) -> None:
    kept: list[Any] = []
    server = samehost.server(address)
    server.add_registered_method_handlers(SERVICE, keeping_by_threads(kept))
    server.start()

    async def use() -> None:
        await say(echoing(samehost.aio.channel(address)))(b"")

    asyncio.run(soon(use()))
    wait_for(lambda: kept[0].state() is grpc.ChannelConnectivity.SHUTDOWN)
    server.stop(None)


@on_loop
async def test_a_server_that_stops_ends_calls_back(address: str) -> None:
    echo = Echo()
    kept: list[Any] = []
    server = samehost.aio.server(address)
    server.add_registered_method_handlers(SERVICE, keeping(kept))
    await server.start()
    async with samehost.aio.channel(address) as channel:
        await say(echoing(channel, echo))(b"")
        waiting = EchoStub(kept[0]).Say(WAITING)
        await echo.begun.wait()
        await server.stop(None)
        assert await soon(waiting.code()) is grpc.StatusCode.UNAVAILABLE
        await soon(echo.cancelled.wait())


@on_loop
async def test_interceptors_of_both_sides_see_calls_back(address: str) -> None:
    seen: list[str] = []

    class OfTheServer(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            seen.append("calls")
            return await continuation(details, request)

    class OfTheClient(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation: Any, details: Any) -> Any:
            seen.append("is called")
            return await continuation(details)

    async def back(request: bytes, context: Any) -> Any:
        return await say(samehost.aio.caller(context, interceptors=[OfTheServer()]))(request)

    async def answer(request: bytes, _: Any) -> bytes:
        return request

    async with serving(address, unary(back), {"server_interceptors": [OfTheClient()]}) as channel:
        channel.add_registered_method_handlers(SERVICE, unary(answer))
        assert await say(channel)(b"x") == b"x"
    assert seen == ["calls", "is called"]


@on_loop
async def test_a_channel_to_the_caller_belongs_to_the_server_s_loop(address: str) -> None:
    failures: list[BaseException] = []

    async def back(channel: Any, _: bytes) -> bytes:
        def elsewhere() -> None:
            async def use() -> None:
                with pytest.raises(RuntimeError, match="another event loop") as raised:
                    await say(channel)(b"")
                failures.append(raised.value)

            asyncio.run(use())

        thread = threading.Thread(target=elsewhere)
        thread.start()
        await asyncio.to_thread(thread.join)
        return b""

    async with serving(address, by_caller(back)) as channel:
        await say(echoing(channel))(b"")
    assert len(failures) == 1


@on_loop
async def test_each_surface_has_its_own_function(address: str) -> None:
    async def wrong(_: bytes, context: Any) -> bytes:
        with pytest.raises(TypeError, match="of no call that samehost"):
            samehost.caller(context)
        return b"coroutine"

    def wrong_on_thread(_: bytes, context: Any) -> bytes:
        with pytest.raises(TypeError, match="of no call that samehost"):
            samehost.aio.caller(context)
        return b"thread"

    handlers = {"Say": unary(wrong)["Say"], "Other": unary(wrong_on_thread)["Say"]}
    async with serving(address, handlers) as channel:
        assert await say(channel)(b"") == b"coroutine"
        assert await channel.unary_unary(f"/{SERVICE}/Other")(b"") == b"thread"
