"""gRPC over HTTP/2: channels of grpcio call servers of samehost, and channels of samehost those of grpcio."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import aio_echo
import grpc
import grpc.aio
import pytest
import samehost
import samehost.aio
from aio_echo import on_loop, soon
from calling import HERE, PATIENCE, call, error_of, unary
from echo import FOR_EVER, Echo
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from stubs import SERVICE, Ask, EchoStub, Order, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

MEBIBYTE = bytes(range(256)) * 4096
# A proxy that the environment may name has no business with an address of loopback.
STOCK_OPTIONS = [("grpc.max_receive_message_length", 64 << 20), ("grpc.enable_http_proxy", 0)]


def free_address(over: str, folder: Path) -> str:
    """Give an address of samehost's that a server can take."""
    return {"unix": f"unix:{folder}/s", "abstract": f"unix-abstract:{folder}/s", "tcp": "tcp:127.0.0.1:0"}[
        over
    ]


def stock_target(address: str, port: int) -> str:
    """Give what grpcio calls such an address."""
    return f"127.0.0.1:{port}" if address.startswith("tcp:") else address


def add(server: Any, served: Any) -> None:
    """Have a server serve a servicer, handlers of bytes, or what a function adds."""
    if callable(served):
        served(server)
    elif isinstance(served, dict):
        server.add_registered_method_handlers(SERVICE, served)
    else:
        echo_pb2_grpc.add_EchoServicer_to_server(served or Echo(), server)


@contextlib.contextmanager
def stock_client(
    address: str, served: Any = None, options: Any = STOCK_OPTIONS, **more: Any
) -> Iterator[grpc.Channel]:
    """Serve by samehost, and give a channel of grpcio's."""
    server = samehost.Server(**more)
    add(server, served)
    port = server.add_insecure_port(address)
    server.start()
    try:
        with grpc.insecure_channel(stock_target(address, port), options) as channel:
            yield channel
    finally:
        server.stop(None).wait(PATIENCE)


@contextlib.contextmanager
def stock_server(address: str, served: Any = None, **more: Any) -> Iterator[grpc.Channel]:
    """Serve by grpcio, and give a channel of samehost's."""
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, options=STOCK_OPTIONS)
        add(server, served)
        port = server.add_insecure_port(stock_target(address, 0))
        server.start()
        with samehost.channel(f"tcp:127.0.0.1:{port}" if port > 1 else address, **more) as channel:
            yield channel
        server.stop(None).wait(PATIENCE)


SIDES: dict[str, Any] = {"stock client": stock_client, "stock server": stock_server}


@pytest.fixture(params=SIDES)
def sides(request: pytest.FixtureRequest) -> Any:
    """Give a way to serve and call, of which one is grpcio's and one samehost's."""
    return SIDES[request.param]


@pytest.mark.parametrize("over", ["unix", "abstract", "tcp"])
def test_every_kind_of_call(sides: Any, tmp_path: Path, over: str) -> None:
    with sides(free_address(over, tmp_path)) as channel:
        echo = EchoStub(channel)
        assert echo.Say(Ask(data=b"hello")).data == b"hello"
        assert echo.Say(Ask(data=MEBIBYTE)).data == MEBIBYTE
        assert echo.Collect(iter([Ask(data=b"ab"), Ask(data=b"c"), Ask()])).data == b"abc"
        assert [answer.count for answer in echo.Repeat(Ask(order=Order(count=200)))] == list(range(200))
        assert [answer.data for answer in echo.Chat(Ask(data=MEBIBYTE) for _ in range(8))] == [MEBIBYTE] * 8
        assert echo.Say.future(Ask(data=b"later")).result(PATIENCE).data == b"later"


@pytest.mark.parametrize("pool", [None, 4])
def test_a_server_inline_and_with_a_pool(address: str, pool: int | None) -> None:
    with contextlib.ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(pool)) if pool else None
        channel = stack.enter_context(stock_client(address, thread_pool=threads))
        assert [EchoStub(channel).Say(Ask(data=b"%d" % index)).data for index in range(100)] == [
            b"%d" % index for index in range(100)
        ]


def test_what_http2_says_of_its_frames_is_not_logged(
    sides: Any, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(1), sides(address) as channel:
        for _ in range(20):
            EchoStub(channel).Say(Ask(data=b"hello"))
    assert {record.name.split(".")[0] for record in caplog.records} <= {"samehost", "grpc", "asyncio"}


def test_errors_and_what_nobody_serves(sides: Any, address: str) -> None:
    with sides(address) as channel:
        error = error_of(lambda: EchoStub(channel).Say(Ask(order=Order(code=5, text="nöt here \t☺"))))
        assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "nöt here \t☺")
        error = error_of(
            lambda: list(EchoStub(channel).Repeat(Ask(order=Order(count=2, code=9, text="then"))))
        )
        assert (error.code(), error.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "then")
        assert error_of(lambda: call(channel, method="Gone")).code() is grpc.StatusCode.UNIMPLEMENTED


def test_metadata_both_ways(sides: Any, address: str) -> None:
    def say(_: bytes, context: Any) -> bytes:
        sent = [pair for pair in context.invocation_metadata() if pair[0].startswith("x-")]
        context.send_initial_metadata(sent)
        context.set_trailing_metadata(sent[::-1])
        return b""

    pairs = (("x-a", "1"), ("x-b-bin", b"\0\xff"), ("x-a", "2"))
    with sides(address, unary(say)) as channel:
        _, done = channel.unary_unary(f"/{SERVICE}/Say").with_call(b"", metadata=pairs)

        def values(metadata: Any, key: str) -> list[Any]:
            return [value for name, value in metadata if name == key]

        assert values(done.initial_metadata(), "x-a") == ["1", "2"]
        assert values(done.initial_metadata(), "x-b-bin") == [b"\0\xff"]
        assert values(done.trailing_metadata(), "x-a") == ["2", "1"]


def test_a_deadline_reaches_the_handler_and_holds(sides: Any, address: str) -> None:
    told: list[float] = []
    over = threading.Event()

    def say(request: bytes, context: Any) -> bytes:
        told.append(context.time_remaining())
        if request:
            context.add_callback(over.set)
            over.wait(PATIENCE)
        return b""

    with sides(address, unary(say)) as channel:
        call(channel, timeout=PATIENCE)
        # What gRPC's core sends has three digits, and is rounded up.
        assert 0 < told[0] < PATIENCE + 1
        assert (
            error_of(lambda: call(channel, b"wait", timeout=0.2)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        )
        assert over.wait(PATIENCE)


def test_a_cancel_reaches_the_handler(sides: Any, address: str) -> None:
    begun, over = threading.Event(), threading.Event()

    def say(_: bytes, context: Any) -> bytes:
        context.add_callback(over.set)
        begun.set()
        over.wait(PATIENCE)
        return b""

    with sides(address, unary(say)) as channel:
        future = channel.unary_unary(f"/{SERVICE}/Say").future(b"")
        assert begun.wait(PATIENCE)
        future.cancel()
        assert over.wait(PATIENCE)
        assert future.cancelled()
        assert call(channel, method="Say", timeout=PATIENCE) == b""


def test_messages_are_compressed_where_they_are_told_to_be(sides: Any, address: str) -> None:
    with sides(address) as channel:
        gzip = grpc.Compression.Gzip
        assert EchoStub(channel).Say(Ask(data=MEBIBYTE), compression=gzip).data == MEBIBYTE
        answers = EchoStub(channel).Chat(iter([Ask(data=MEBIBYTE)] * 3), compression=gzip)
        assert [answer.data for answer in answers] == [MEBIBYTE] * 3


def test_a_server_compresses_for_a_stock_client(address: str) -> None:
    with stock_client(address, compression=grpc.Compression.Gzip) as channel:
        assert EchoStub(channel).Say(Ask(data=MEBIBYTE)).data == MEBIBYTE


def test_a_message_that_is_too_large_is_refused(address: str) -> None:
    with stock_client(address, max_inbound_message_size=1000) as channel:
        error = error_of(lambda: EchoStub(channel).Say(Ask(data=MEBIBYTE)))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "that the server takes" in error.details()
        assert EchoStub(channel).Say(Ask(data=b"small")).data == b"small"


def test_a_handler_knows_who_calls_and_cannot_call_back(address: str) -> None:
    def say(_: bytes, context: Any) -> bytes:
        back = error_of(lambda: call(samehost.caller(context), timeout=PATIENCE))
        assert back.code() is grpc.StatusCode.UNIMPLEMENTED
        known = context.auth_context()
        return b" ".join([*known["pid"], *known["uid"], context.peer().encode()])

    with stock_client(address, unary(say)) as channel:
        assert call(channel).decode() == f"{os.getpid()} {os.getuid()} {address}"


def test_health_is_checked_and_watched(sides: Any, address: str) -> None:
    servicer, request = health.HealthServicer(), health_pb2.HealthCheckRequest(service="a")
    with sides(
        address, lambda server: health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    ) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        assert error_of(lambda: stub.Check(request)).code() is grpc.StatusCode.NOT_FOUND
        watch = stub.Watch(request, timeout=PATIENCE)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        servicer.set("a", health_pb2.HealthCheckResponse.SERVING)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()


def test_a_server_that_stops_answers_what_is_open_and_fails_it_when_its_grace_is_over(address: str) -> None:
    for wait, grace, code in (
        (300, PATIENCE, grpc.StatusCode.OK),
        (FOR_EVER, 0.1, grpc.StatusCode.UNAVAILABLE),
    ):
        begun = threading.Event()

        class Begun(Echo):
            def Say(self, request: Any, context: Any) -> Any:  # noqa: N802 the contract's
                begun.set()  # noqa: B023 within the loop's turn
                return super().Say(request, context)

        server = samehost.server(address)
        add(server, Begun())
        server.start()
        with grpc.insecure_channel(address) as channel:
            future = EchoStub(channel).Say.future(Ask(order=Order(wait_millis=wait)))
            assert begun.wait(PATIENCE)
            assert server.stop(grace).wait(PATIENCE)
            assert future.code() is code


@contextlib.asynccontextmanager
async def aio_stock_client(address: str, served: Any) -> AsyncIterator[grpc.aio.Channel]:
    """Serve by samehost on this loop, and give a channel of grpcio's."""
    server = samehost.aio.server(address)
    add(server, served)
    await server.start()
    async with grpc.aio.insecure_channel(address, STOCK_OPTIONS) as channel:
        yield channel
    await server.stop(None)


@contextlib.asynccontextmanager
async def aio_stock_server(address: str, served: Any) -> AsyncIterator[grpc.aio.Channel]:
    """Serve by grpcio on this loop, and give a channel of samehost's."""
    server = grpc.aio.server(options=STOCK_OPTIONS)
    add(server, served)
    server.add_insecure_port(address)
    await server.start()
    async with samehost.aio.channel(address) as channel:
        yield channel
    await server.stop(None)


@pytest.mark.parametrize("sides_on_loop", [aio_stock_client, aio_stock_server])
@on_loop
async def test_every_kind_of_call_on_a_loop(address: str, sides_on_loop: Any) -> None:
    async with sides_on_loop(address, aio_echo.Echo()) as channel:
        echo = EchoStub(channel)
        assert (await echo.Say(Ask(data=MEBIBYTE))).data == MEBIBYTE
        assert (await echo.Collect(iter([Ask(data=b"ab"), Ask(data=b"c")]))).data == b"abc"
        assert [answer.count async for answer in echo.Repeat(Ask(order=Order(count=200)))] == list(range(200))
        answers = echo.Chat(iter([Ask(data=MEBIBYTE)] * 8))
        assert [answer.data async for answer in answers] == [MEBIBYTE] * 8
        many = await asyncio.gather(*(echo.Say(Ask(data=b"%d" % index)) for index in range(100)))
        assert [answer.data for answer in many] == [b"%d" % index for index in range(100)]
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await echo.Say(Ask(order=Order(code=5, text="not here")))
        assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.NOT_FOUND, "not here")


@pytest.mark.parametrize("sides_on_loop", [aio_stock_client, aio_stock_server])
@on_loop
async def test_deadlines_and_cancels_on_a_loop(address: str, sides_on_loop: Any) -> None:
    for ends in ("deadline", "cancel"):
        servicer = aio_echo.Echo()
        async with sides_on_loop(address, servicer) as channel:
            request, deadline = Ask(order=Order(wait_millis=FOR_EVER)), 0.2 if ends == "deadline" else None
            waiting = EchoStub(channel).Say(request, timeout=deadline)
            await soon(servicer.begun.wait())
            if ends == "cancel":
                waiting.cancel()
            await soon(servicer.cancelled.wait())
            code = grpc.StatusCode.DEADLINE_EXCEEDED if deadline else grpc.StatusCode.CANCELLED
            assert await waiting.code() is code


# Forks with connections of HTTP/2 in use both ways; the child makes its own, and the parent's go on.
FORKS = f"""
import multiprocessing, sys
sys.path.insert(0, {str(HERE)!r})
import samehost, echo
from stubs import *

folder, stock = sys.argv[1:]

def say(channel, data):
    assert EchoStub(channel).Say(Ask(data=data), timeout={PATIENCE}).data == data

channel = samehost.channel(stock)
say(channel, b"before")

def child():
    own = samehost.channel(stock)
    say(own, b"child")
    own.close()

process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join({PATIENCE})
assert process.exitcode == 0, process.exitcode
say(channel, b"after")
server = samehost.server(f"unix:{{folder}}/forked")
echo_pb2_grpc.add_EchoServicer_to_server(echo.Echo(), server)
server.start()
print("ready", flush=True)
sys.stdin.readline()
process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join({PATIENCE})
assert process.exitcode == 0, process.exitcode
print("went on", flush=True)
sys.stdin.readline()
"""


def test_a_program_that_forks_goes_on_with_http2(tmp_path: Path, address: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stock = grpc.server(pool)
        add(stock, None)
        stock.add_insecure_port(address)
        stock.start()
        with subprocess.Popen(
            [sys.executable, "-c", FORKS, str(tmp_path), address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            with grpc.insecure_channel(f"unix:{tmp_path}/forked") as channel:
                assert EchoStub(channel).Say(Ask(data=b"before"), timeout=PATIENCE).data == b"before"
                print(file=program.stdin, flush=True)
                assert program.stdout.readline() == "went on\n"
                assert EchoStub(channel).Say(Ask(data=b"after"), timeout=PATIENCE).data == b"after"
            print(file=program.stdin, flush=True)
            assert program.wait(PATIENCE) == 0
        stock.stop(None).wait(PATIENCE)
