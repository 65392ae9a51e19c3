"""Calls back end: by their deadline, by whoever makes them, with their connection, and with their process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
from calling import HERE, PATIENCE, call, error_of, unary
from calling_back import by_caller, echoing, gone, keeping, kept_channel, wait_for
from echo import FOR_EVER
from stubs import SERVICE, Ask, EchoStub, Order

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Any]

WAITING = Ask(order=Order(wait_millis=FOR_EVER))


def test_a_call_back_has_a_deadline_of_its_own(serve: Serve) -> None:
    ended = threading.Event()

    def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
        assert context.time_remaining() < PATIENCE
        if context.add_callback(ended.set):
            ended.wait(PATIENCE)
        return b""

    def back(channel: Any, _: bytes) -> bytes:
        return str(error_of(lambda: call(channel, timeout=0.1)).code()).encode()

    channel = serve(by_caller(back))
    channel.add_registered_method_handlers(SERVICE, unary(wait))
    assert call(channel) == b"StatusCode.DEADLINE_EXCEEDED"
    assert ended.wait(PATIENCE)


def test_a_call_back_that_is_cancelled_ends_for_the_caller_s_handler(serve: Serve) -> None:
    begun, ended = threading.Event(), threading.Event()

    def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        begun.set()
        ended.wait(PATIENCE)
        return b""

    def back(channel: Any, _: bytes) -> bytes:
        future = channel.unary_unary(f"/{SERVICE}/Say").future(b"")
        assert begun.wait(PATIENCE)
        future.cancel()
        return str(future.code()).encode()

    channel = serve(by_caller(back))
    channel.add_registered_method_handlers(SERVICE, unary(wait))
    assert call(channel) == b"StatusCode.CANCELLED"
    assert ended.wait(PATIENCE)


@pytest.mark.parametrize("wait_for_ready", [False, True])
def test_a_call_back_fails_at_once_when_the_caller_has_gone(
    serve: Serve, address: str, wait_for_ready: bool
) -> None:
    channel, caller = kept_channel(serve)
    assert caller.state() is grpc.ChannelConnectivity.READY
    channel.close()
    wait_for(lambda: caller.state() is grpc.ChannelConnectivity.SHUTDOWN)
    begin = time.monotonic()
    error = error_of(lambda: call(caller, wait_for_ready=wait_for_ready, timeout=PATIENCE))
    assert time.monotonic() - begin < PATIENCE / 2
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAVAILABLE, gone(address))


@pytest.mark.parametrize("by", ["client", "server"])
def test_open_calls_back_end_with_their_connection_on_both_sides(serve: Serve, by: str) -> None:
    begun, ended = threading.Event(), threading.Event()

    def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        begun.set()
        ended.wait(PATIENCE)
        return b""

    kept: list[Any] = []
    channel = serve(keeping(kept))
    channel.add_registered_method_handlers(SERVICE, unary(wait))
    call(channel)
    future = kept[0].unary_unary(f"/{SERVICE}/Say").future(b"")
    assert begun.wait(PATIENCE)
    if by == "server":
        serve.server.stop(None)  # type: ignore[attr-defined]
    else:
        channel.close()
    assert future.code() is grpc.StatusCode.UNAVAILABLE
    assert ended.wait(PATIENCE)


def test_a_handler_that_is_served_its_call_back_ends_when_the_channel_does(serve: Serve) -> None:
    begun, ended = threading.Event(), threading.Event()

    def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        begun.set()
        ended.wait(PATIENCE)
        return b""

    seen: list[Any] = []

    def back(channel: Any, _: bytes) -> bytes:
        seen.append(error_of(lambda: call(channel)).code())
        return b""

    channel = serve(by_caller(back))
    channel.add_registered_method_handlers(SERVICE, unary(wait))
    future = channel.unary_unary(f"/{SERVICE}/Say").future(b"")
    assert begun.wait(PATIENCE)
    channel.close()
    assert future.code() is grpc.StatusCode.UNAVAILABLE
    assert ended.wait(PATIENCE)
    wait_for(lambda: seen == [grpc.StatusCode.UNAVAILABLE])


def test_a_channel_to_the_caller_that_is_closed_ends_nothing(serve: Serve) -> None:
    _, caller = kept_channel(serve)
    with caller:
        chat = EchoStub(caller).Chat(iter([Ask(data=b"1"), Ask(data=b"2")]))
    assert [answer.data for answer in chat] == [b"1", b"2"]
    caller.close()
    assert EchoStub(caller).Say(Ask(data=b"on")).data == b"on"


def test_a_channel_that_was_dropped_takes_no_calls_back(serve: Serve, address: str) -> None:
    kept: list[Any] = []
    serve(keeping(kept)).close()
    dropped = echoing(samehost.channel(address))
    call(dropped)
    assert EchoStub(kept[0]).Say(Ask(data=b"there")).data == b"there"
    del dropped
    wait_for(lambda: kept[0].state() is grpc.ChannelConnectivity.SHUTDOWN)
    with contextlib.closing(echoing(samehost.channel(address))) as another:
        call(another)
        assert error_of(lambda: EchoStub(kept[0]).Say(Ask())).details() == gone(address)
        assert EchoStub(kept[1]).Say(Ask(data=b"there")).data == b"there"


# The client's program, whose servicer never answers, and waits for the peer in all ways that there are.
CLIENT = f"""
import asyncio, sys, threading
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, {str(HERE)!r})
import aio_echo, echo, samehost, samehost.aio
from stubs import *

address, way = sys.argv[1:]
asked = "/test.Back/Ask"
begun = threading.Event()

class Echo(echo.Echo):
    def Say(self, request, context):
        begun.set()
        return super().Say(request, context)

class AioEcho(aio_echo.Echo):
    async def Say(self, request, context):
        begun.set()
        return await super().Say(request, context)

async def of_a_loop():
    channel = samehost.aio.channel(address)
    echo_pb2_grpc.add_EchoServicer_to_server(AioEcho(), channel)
    calls.append(channel.unary_unary(asked)(b""))
    while not begun.is_set():
        await asyncio.sleep(0.01)

calls = []
if way == "loop":
    asyncio.run(of_a_loop())
else:
    channel = samehost.channel(address, thread_pool=ThreadPoolExecutor(4) if way == "pool" else None)
    echo_pb2_grpc.add_EchoServicer_to_server(Echo(), channel)
    calls.append(channel.unary_unary(asked).future(b""))
    assert begun.wait({PATIENCE})
print("open", flush=True)
if way == "killed":
    threading.Event().wait()
"""


@pytest.mark.parametrize("way", ["inline", "pool", "loop", "killed"])
def test_a_client_s_process_ends_with_calls_back_open(address: str, way: str) -> None:
    seen: list[Any] = []
    ended = threading.Event()

    def back(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        stub = EchoStub(samehost.caller(context))
        seen.append(error_of(lambda: stub.Say(WAITING)).code())
        return b""

    server = samehost.server(address)
    server.add_registered_method_handlers("test.Back", {"Ask": unary(back)["Say"]})
    server.start()
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT, address, way],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n", process.communicate()
        if way == "killed":
            os.kill(process.pid, signal.SIGKILL)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == (-signal.SIGKILL if way == "killed" else 0), errors
    assert "Fatal" not in errors
    # The server's side learns of it: the handler that waits, and its call. Who ends a loop cancels its tasks.
    wait_for(lambda: seen)
    assert seen == [grpc.StatusCode.CANCELLED if way == "loop" else grpc.StatusCode.UNAVAILABLE]
    assert ended.wait(PATIENCE)
    server.stop(None)


# The server's program, which ends while its handlers wait for their calls back.
SERVER = f"""
import sys, threading
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, {str(HERE)!r})
import samehost
from calling import unary
from echo import FOR_EVER
from stubs import *

address, way = sys.argv[1:]

def back(request, context):
    stub = EchoStub(samehost.caller(context))
    kept.append(stub.Chat(iter([Ask()])))
    next(kept[0])
    stub.Say(Ask(order=Order(wait_millis=FOR_EVER)))

kept = []
server = samehost.server(address, ThreadPoolExecutor(4) if way == "pool" else None)
server.add_registered_method_handlers(SERVICE, unary(back))
server.start()
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("way", ["inline", "pool", "killed"])
def test_a_server_s_process_ends_with_calls_back_open(address: str, way: str) -> None:
    begun, ended = threading.Event(), threading.Event()

    def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        begun.set()
        ended.wait(PATIENCE)
        return b""

    def chat(requests: Any, _: Any) -> Any:
        yield from requests
        ended.wait(PATIENCE)

    with (
        subprocess.Popen(
            [sys.executable, "-c", SERVER, address, way],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        samehost.channel(address) as channel,
    ):
        offer: Any = channel
        offer.add_registered_method_handlers(
            SERVICE, {**unary(wait), "Chat": grpc.stream_stream_rpc_method_handler(chat)}
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
        future = offer.unary_unary(f"/{SERVICE}/Say").future(b"")
        assert begun.wait(PATIENCE)
        if way == "killed":
            os.kill(process.pid, signal.SIGKILL)
        _, errors = process.communicate("end", timeout=PATIENCE)
        assert process.returncode == (-signal.SIGKILL if way == "killed" else 0), errors
        assert "Fatal" not in errors
        assert future.code() is grpc.StatusCode.UNAVAILABLE
        assert ended.wait(PATIENCE)
