"""Calls on an event loop: no thread takes part."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from typing import TYPE_CHECKING, TypeVar

from samehost import _native

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import pytest
    from native.conftest import Obedient

SOON = 30.0
T = TypeVar("T")


class Handlers:
    """Serves by the name of the method, a task a call."""

    def __init__(self) -> None:
        """Begin without tasks."""
        self.tasks: set[asyncio.Task[None]] = set()
        self.cancelled = asyncio.Event()
        self.began = asyncio.Event()
        self.seen: list[tuple[int, str]] = []

    def __call__(self, call: _native.AioServerCall) -> None:
        """Serve one call."""
        task = asyncio.get_running_loop().create_task(self.serve(call))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def serve(self, call: _native.AioServerCall) -> None:
        """Do what the method's name says."""
        try:
            method = call.path.rsplit("/", 1)[-1]
            if method == "Echo":
                call.answer(0, "fine", call.metadata, await call.receive(), headers=[("first", "1")])
            elif method == "Chat":
                while (message := await call.receive()) is not None:
                    await call.send(message)
                call.answer()
            elif method == "Hold":
                if not call.add_done_callback(self.cancelled.set):
                    self.cancelled.set()
                self.began.set()
                await self.cancelled.wait()
        except _native.StatusError as error:
            self.seen.append((error.code, error.text))


def on_a_loop(
    test: Callable[[_native.AioChannel, Handlers], Awaitable[T]], folder: Path, **options: object
) -> T:
    """Run a test on a loop of its own that serves and calls."""

    async def run() -> T:
        loop = _native.Loop(asyncio.get_running_loop())
        handlers = Handlers()
        server = _native.AioServer(loop, handlers)
        address = server.listen(f"unix:{folder}/s{os.urandom(4).hex()}")
        server.start()
        channel = _native.AioChannel(loop, address, **options)
        try:
            return await asyncio.wait_for(test(channel, handlers), SOON)
        finally:
            channel.close()
            server.stop()
            await asyncio.wait_for(server.wait(), SOON)
            loop.close()

    return asyncio.run(run())


def test_a_unary_call_brings_message_headers_and_trailers(tmp_path: Path) -> None:
    async def test(channel: _native.AioChannel, _: Handlers) -> None:
        pairs = (("one", "1"), ("two-bin", b"\x00\xff"))
        outcome = await channel.unary("/test.Service/Echo", b"hello", pairs, 5.0)
        assert (outcome.code, outcome.text, outcome.message) == (0, "fine", b"hello")
        assert (outcome.headers, outcome.trailers) == ((("first", "1"),), pairs)
        big = os.urandom(5 << 20)
        assert (await channel.unary("/test.Service/Echo", big)).message == big

    on_a_loop(test, tmp_path)


def test_no_thread_takes_part_in_calls(tmp_path: Path) -> None:
    async def test(channel: _native.AioChannel, _: Handlers) -> None:
        await channel.unary("/test.Service/Echo", b"")
        # Those that connected end by themselves, as do those of other tests; none may begin.
        threads = set(os.listdir("/proc/self/task"))  # noqa: PTH208
        for number in range(100):
            await channel.unary("/test.Service/Echo", b"%d" % number)
            assert set(os.listdir("/proc/self/task")) <= threads  # noqa: PTH208

    on_a_loop(test, tmp_path)


def test_a_thousand_calls_at_once_have_each_their_own_answer(tmp_path: Path) -> None:
    async def test(channel: _native.AioChannel, _: Handlers) -> None:
        calls = [channel.unary("/test.Service/Echo", b"%d" % n) for n in range(1000)]
        assert [outcome.message for outcome in await asyncio.gather(*calls)] == [
            b"%d" % n for n in range(1000)
        ]

    on_a_loop(test, tmp_path)


def test_messages_go_both_ways_and_larger_than_any_buffer(tmp_path: Path) -> None:
    async def test(channel: _native.AioChannel, _: Handlers) -> None:
        call = channel.call("/test.Service/Chat", gzip=True)
        messages = [os.urandom(1 << 20) for _ in range(8)]

        async def send() -> None:
            for message in messages:
                assert await call.send(message, compress=False)
            call.half_close()

        sender = asyncio.ensure_future(send())
        assert [await call.receive() for _ in messages] == messages
        await sender
        assert await call.receive() is None
        assert (await call.outcome()).code == 0
        assert call.is_over()

    on_a_loop(test, tmp_path)


def test_a_future_that_is_cancelled_takes_no_message_with_it(tmp_path: Path) -> None:
    async def test(channel: _native.AioChannel, _: Handlers) -> None:
        call = channel.call("/test.Service/Chat")
        await call.send(b"first")
        assert await call.receive() == b"first"
        waiting = call.receive()
        waiting.cancel()
        await call.send(b"second")
        assert await call.receive() == b"second"

    on_a_loop(test, tmp_path)


def test_cancelling_a_unary_calls_future_cancels_the_call(tmp_path: Path) -> None:
    async def test(channel: _native.AioChannel, handlers: Handlers) -> None:
        future = channel.unary("/test.Service/Hold", b"")
        await handlers.began.wait()
        future.cancel()
        await handlers.cancelled.wait()

    on_a_loop(test, tmp_path)


def test_the_deadline_ends_the_call_on_both_sides(tmp_path: Path) -> None:
    async def test(channel: _native.AioChannel, handlers: Handlers) -> None:
        timeout = 0.1
        while not handlers.began.is_set():  # a busy machine may need more time than that to reach the handler
            outcome = await channel.unary("/test.Service/Hold", b"", timeout=timeout)
            assert outcome.code == 4
            timeout *= 2
        await handlers.cancelled.wait()
        call = channel.call("/test.Service/Chat", timeout=0.1)
        assert await call.receive() is None
        assert (await call.outcome()).code == 4

    on_a_loop(test, tmp_path)


def test_a_dropped_call_is_cancelled(tmp_path: Path) -> None:
    async def test(channel: _native.AioChannel, handlers: Handlers) -> None:
        call = channel.call("/test.Service/Hold")
        over = asyncio.Event()
        call.add_done_callback(over.set)
        await call.send(b"", last=True)
        await handlers.began.wait()
        del call
        gc.collect()
        await over.wait()
        await handlers.cancelled.wait()

    on_a_loop(test, tmp_path)


def test_a_handler_that_raises_fails_its_call_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda hook: told.append(hook.exc_value))

    async def run() -> None:
        loop = _native.Loop(asyncio.get_running_loop())

        def handler(call: _native.AioServerCall) -> None:
            raise ValueError(call.path)

        server = _native.AioServer(loop, handler)
        address = server.listen(f"unix:{tmp_path}/s")
        server.start()
        channel = _native.AioChannel(loop, address)
        outcome = await asyncio.wait_for(channel.unary("/a.B/C", b""), SOON)
        assert (outcome.code, outcome.text) == (2, "Application error processing RPC")
        loop.close()

    asyncio.run(run())
    assert [str(error) for error in told] == ["/a.B/C"]


def test_a_server_of_threads_is_reached_from_a_loop(server: str) -> None:
    async def run() -> None:
        loop = _native.Loop(asyncio.get_running_loop())
        channel = _native.AioChannel(loop, server)
        outcome = await asyncio.wait_for(channel.unary("/test.Service/Echo", b"x"), SOON)
        assert outcome.message == b"x"
        ready = channel.wait_for_state(_native.READY)
        channel.close()
        assert await ready == _native.SHUTDOWN
        loop.close()

    asyncio.run(run())


def test_several_loops_live_side_by_side_and_one_after_the_other(server: str) -> None:
    failures: list[BaseException] = []

    async def call() -> None:
        channel = _native.AioChannel(_native.Loop(asyncio.get_running_loop()), server)
        for number in range(20):
            outcome = await asyncio.wait_for(channel.unary("/test.Service/Echo", b"%d" % number), SOON)
            assert outcome.message == b"%d" % number

    def run() -> None:
        try:
            asyncio.run(call())
            asyncio.run(call())
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert failures == []


def test_a_loop_that_ends_with_calls_open_ends_them(server: str, obedient: Obedient) -> None:
    async def run() -> None:
        loop = _native.Loop(asyncio.get_running_loop())
        channel = _native.AioChannel(loop, server)
        call = channel.call("/test.Service/Hold")
        await call.send(b"", last=True)
        await asyncio.get_running_loop().run_in_executor(None, obedient.began.wait, SOON)

    asyncio.run(run())
    gc.collect()
    assert obedient.cancelled.wait(SOON)


def test_closing_the_bridge_fails_what_is_open(tmp_path: Path) -> None:
    async def test(channel: _native.AioChannel, handlers: Handlers) -> None:
        outcome = channel.unary("/test.Service/Hold", b"")
        await handlers.began.wait()
        channel.close()
        assert (await outcome).code == 14

    on_a_loop(test, tmp_path)
