"""Channels and event loops: states, ends, threads."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
import samehost.aio
from aio_echo import PATIENCE, Echo, echoing, on_loop, soon
from echo import FOR_EVER
from stubs import Ask, EchoStub, Order, echo_pb2_grpc

IDLE, READY = grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.READY
SHUTDOWN = grpc.ChannelConnectivity.SHUTDOWN
WAITING = Ask(order=Order(wait_millis=FOR_EVER))


def threads() -> set[str]:
    """Name the threads of this process, native ones too."""
    return {task.name for task in Path("/proc/self/task").iterdir()}


def descriptors() -> int:
    """Count the open descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


@on_loop
async def test_a_channel_tells_its_states(address: str) -> None:
    async with samehost.aio.channel(address, backoff=0.05, longest_backoff=0.1) as channel:
        assert channel.address == address
        assert channel.get_state() is IDLE
        ready = asyncio.ensure_future(channel.channel_ready())
        await soon(channel.wait_for_state_change(IDLE))
        async with echoing(address):
            await soon(ready)
            assert channel.get_state() is READY
        await soon(channel.wait_for_state_change(READY))
        changed = asyncio.ensure_future(channel.wait_for_state_change(channel.get_state()))
    await soon(changed)
    assert channel.get_state() is SHUTDOWN
    await channel.close()


@on_loop
async def test_a_channel_that_is_closed_cancels_its_calls_and_takes_no_more(address: str) -> None:
    async with echoing(address) as (_, servicer):
        channel = samehost.aio.channel(address)
        echo = EchoStub(channel)
        call = echo.Say(WAITING)
        await soon(servicer.begun.wait())
        await channel.close()
        with pytest.raises(asyncio.CancelledError):
            await call
        with pytest.raises(grpc.aio.UsageError, match="shut down"):
            echo.Say(Ask())
        await soon(servicer.cancelled.wait())


@on_loop
async def test_a_channel_gives_its_calls_a_grace(address: str) -> None:
    async with echoing(address) as (_, servicer):
        channel = samehost.aio.channel(address)
        quick = EchoStub(channel).Say(Ask(data=b"ada", order=Order(wait_millis=100)))
        await soon(servicer.begun.wait())
        await soon(channel.close(grace=30))
        assert (await quick).data == b"ada"
        servicer.begun.clear()
        other = samehost.aio.channel(address)
        slow = EchoStub(other).Say(WAITING)
        await soon(servicer.begun.wait())
        await other.close(grace=0.05)
        assert slow.cancelled()
        with pytest.raises(ValueError, match="grace"):
            await samehost.aio.channel(address).close(-1)


@on_loop
async def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="An address is SCHEME:REST"):
        samehost.aio.channel("/run/app.sock")
    with pytest.raises(ValueError, match="initial_credit"):
        samehost.aio.channel(address, initial_credit=-1)


def test_a_channel_made_before_any_loop_belongs_to_the_first_that_uses_it(address: str) -> None:
    channel = samehost.aio.channel(address)
    echo = EchoStub(channel)

    async def first() -> None:
        async with echoing(address):
            assert (await echo.Say(Ask(data=b"ada"))).data == b"ada"

    async def second() -> None:
        with pytest.raises(RuntimeError, match="another event loop"):
            echo.Say(Ask())

    asyncio.run(soon(first()))
    asyncio.run(second())


def test_a_call_is_begun_before_its_loop_runs(address: str) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        server = samehost.aio.server(address)
        echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
        loop.run_until_complete(server.start())
        channel = samehost.aio.channel(address)
        call = EchoStub(channel).Say(Ask(data=b"ada"))
        assert loop.run_until_complete(call).data == b"ada"
        loop.run_until_complete(channel.close())
        loop.run_until_complete(server.stop(None))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@on_loop
async def test_no_thread_takes_part_in_a_call(address: str) -> None:
    async with echoing(address) as (echo, _):
        await echo.Say(Ask())
        before = threads()
        during: set[str] = set()
        for _ in range(50):
            assert (await echo.Say(Ask(data=b"ada"))).data == b"ada"
            assert (await echo.Collect([Ask(data=b"a")])).count == 1
            async for answer in echo.Chat([Ask(data=b"a"), Ask(data=b"b")]):
                assert answer.data
                during |= threads()
        assert during - before == set()


def test_several_loops_in_several_threads_call_each_other(address: str) -> None:
    ready = threading.Event()
    done = threading.Event()
    answers: list[bytes] = []

    async def serve() -> None:
        async with echoing(address):
            ready.set()
            await asyncio.get_running_loop().run_in_executor(None, done.wait)

    async def call(name: bytes) -> None:
        async with samehost.aio.channel(address) as channel:
            for _ in range(50):
                answer = await EchoStub(channel).Say(Ask(data=name))
                assert answer.data == name
            answers.append(name)

    server = threading.Thread(target=lambda: asyncio.run(serve()))
    server.start()
    assert ready.wait(60)
    names = [b"a", b"b", b"c"]
    callers = [threading.Thread(target=lambda name=name: asyncio.run(soon(call(name)))) for name in names]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    done.set()
    server.join()
    assert sorted(answers) == names


def test_a_loop_that_is_closed_with_calls_open_leaves_nothing_behind(address: str) -> None:
    async def leave() -> None:
        server = samehost.aio.server(address)
        echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
        await server.start()
        channel = samehost.aio.channel(address)
        echo = EchoStub(channel)
        kept.extend([server, channel, echo.Say(WAITING), echo.Chat([WAITING]), echo.Repeat(WAITING)])
        await soon(kept[-1].wait_for_connection())
        await asyncio.sleep(0.05)

    kept: list[Any] = []
    asyncio.run(leave())
    kept.clear()
    gc.collect()
    before = descriptors()
    for _ in range(5):
        Path(address.partition(":")[2]).unlink(missing_ok=True)
        asyncio.run(leave())
        kept.clear()
        gc.collect()
    with contextlib.suppress(FileNotFoundError):
        Path(address.partition(":")[2]).unlink()
    end = time.monotonic() + PATIENCE
    while descriptors() > before and time.monotonic() < end:
        time.sleep(0.005)
    assert descriptors() <= before
    asyncio.run(_works(address))


async def _works(address: str) -> None:
    async with echoing(address) as (echo, _):
        assert (await echo.Say(Ask(data=b"ada"))).data == b"ada"
