"""Signals reach a program that waits, and an interpreter ends whatever is open."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from calling import HERE, PATIENCE, call, unary
from echo import FOR_EVER
from stubs import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import samehost

    Serve = Callable[..., Any]


class Interrupted(BaseException):
    """What the tests' signal handler raises."""


@contextlib.contextmanager
def signalled(handler: Callable[..., None], begun: threading.Event | None = None) -> Iterator[None]:
    """Have a signal come, soon or once something has begun, and its handler run on this, the main thread."""
    before = signal.signal(signal.SIGALRM, handler)

    def send() -> None:
        if begun is None or begun.wait(PATIENCE):
            os.kill(os.getpid(), signal.SIGALRM)

    timer = threading.Timer(0.1, send)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        signal.signal(signal.SIGALRM, before)


def interrupt(*_: Any) -> None:
    """Leave whatever waits, as Ctrl-C does."""
    raise Interrupted


def test_a_signal_whose_handler_raises_leaves_what_waits(serve: Serve) -> None:
    begun = threading.Event()
    ended = threading.Semaphore(0)

    def wait(_: Any, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.release)
        begun.set()
        threading.Event().wait(0.01)
        while context.is_active():
            threading.Event().wait(0.01)
        return b""

    channel = serve(
        {
            "Say": grpc.unary_unary_rpc_method_handler(wait),
            "Collect": grpc.stream_unary_rpc_method_handler(wait),
            "Repeat": grpc.unary_stream_rpc_method_handler(lambda *both: iter([wait(*both)])),
        }
    )
    say = channel.unary_unary(f"/{SERVICE}/Say")
    ways: list[Callable[[], Any]] = [
        lambda: say(b""),
        lambda: say.with_call(b""),
        lambda: say.future(b"").result(),
        lambda: next(channel.unary_stream(f"/{SERVICE}/Repeat")(b"")),
        lambda: channel.stream_unary(f"/{SERVICE}/Collect")(iter([b""])),
    ]
    for begin in ways:
        begun.clear()
        with signalled(interrupt, begun), pytest.raises(Interrupted):
            begin()
        # The server learns of it.
        assert ended.acquire(timeout=PATIENCE)


def test_a_signal_whose_handler_returns_leaves_the_call_alone(serve: Serve) -> None:
    ran: list[int] = []
    told = threading.Event()

    def tell(number: int, _: Any) -> None:
        ran.append(number)
        told.set()

    def wait(request: bytes, _: Any) -> bytes:
        assert told.wait(PATIENCE)
        return request

    channel = serve(unary(wait))
    with signalled(tell):
        assert call(channel, b"x") == b"x"
    assert ran == [signal.SIGALRM]


def test_a_signal_leaves_wait_for_termination(serve: Serve) -> None:
    serve()
    server: samehost.Server = serve.server  # type: ignore[attr-defined]
    with signalled(interrupt), pytest.raises(Interrupted):
        server.wait_for_termination()


PROGRAM = f"""
import threading, sys
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, {str(HERE)!r})
import samehost
from echo import Echo, FOR_EVER
from stubs import *

address = "unix:" + sys.argv[1]
way = sys.argv[2]
if way != "another process":
    server = samehost.server(address, ThreadPoolExecutor(4) if way == "pool" else None)
    echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
    server.start()
stub = EchoStub(samehost.channel(address))

def requests():
    yield Ask()
    threading.Event().wait()

chat = stub.Chat(requests())
next(chat)
futures = [stub.Say.future(Ask(order=Order(wait_millis=FOR_EVER))), stub.Collect.future(requests())]
futures[0].add_done_callback(lambda _: None)
repeat = lambda: list(stub.Repeat(Ask(order=Order(count=1, wait_millis=FOR_EVER))))
threading.Thread(target=repeat, daemon=True).start()
say = lambda: stub.Say(Ask(order=Order(wait_millis=FOR_EVER)))
threading.Thread(target=say, daemon=True).start()
print("open", flush=True)
"""


def ends_well(program: str, address: str, way: str) -> None:
    """See a program end by itself, with its calls open."""
    done = subprocess.run(
        [sys.executable, "-c", program, address.partition(":")[2], way],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE * 2,
    )
    assert done.stdout == "open\n", done.stderr
    assert done.returncode == 0, done.stderr
    assert "Fatal" not in done.stderr


@pytest.mark.parametrize("way", ["inline", "pool", "another process"])
def test_an_interpreter_ends_with_calls_open(serve: Serve, address: str, way: str) -> None:
    if way == "another process":
        serve()
    ends_well(PROGRAM, address, way)


OF_A_LOOP = f"""
import asyncio, sys
sys.path.insert(0, {str(HERE)!r})
import samehost.aio
from aio_echo import Echo
from echo import FOR_EVER
from stubs import *

WAITING = Ask(order=Order(wait_millis=FOR_EVER))
calls = []

async def main(address, way):
    if way == "this loop":
        server = samehost.aio.server(address)
        echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
        await server.start()
        calls.append(server)
    stub = EchoStub(samehost.aio.channel(address))
    chat = stub.Chat()
    await chat.write(Ask())
    await chat.read()
    calls.extend([chat, stub.Say(WAITING), stub.Collect(), stub.Repeat(WAITING)])
    calls.append(asyncio.ensure_future(calls[1].code()))
    await asyncio.sleep(0)
    print("open", flush=True)

way = sys.argv[2]
address = "unix:" + sys.argv[1]
if way == "no end of the loop":
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main(address, way))
else:
    asyncio.run(main(address, way))
"""


@pytest.mark.parametrize("way", ["this loop", "another process", "no end of the loop"])
def test_an_interpreter_ends_with_calls_of_a_loop_open(serve: Serve, address: str, way: str) -> None:
    if way != "this loop":
        serve()
    ends_well(OF_A_LOOP, address, way)


BLOCKED = """
import samehost
stub = EchoStub(samehost.channel(address))
stub.Say(Ask())
print("ready", flush=True)
stub.Say(WAITING)
"""
AWAITING = """
import asyncio, samehost.aio
async def main():
    stub = EchoStub(samehost.aio.channel(address))
    await stub.Say(Ask())
    print("ready", flush=True)
    await stub.Say(WAITING)
asyncio.run(main())
"""


@pytest.mark.parametrize("waits", [BLOCKED, AWAITING], ids=["blocked", "awaiting"])
def test_ctrl_c_ends_a_program_that_waits_for_an_answer(serve: Serve, address: str, waits: str) -> None:
    serve()
    program = (
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        f"from stubs import *; address = {address!r}\n"
        f"WAITING = Ask(order=Order(wait_millis={FOR_EVER}))\n{waits}"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert "KeyboardInterrupt" in errors
    assert process.returncode == -signal.SIGINT
