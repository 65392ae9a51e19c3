"""A program that forks with channels and servers of both surfaces in use goes on, and so does the child."""

from __future__ import annotations

import subprocess
import sys

import pytest
from calling import HERE, PATIENCE

PROGRAM = f"""
import asyncio, multiprocessing, os, sys
sys.path.insert(0, {str(HERE)!r})
import grpc, samehost, samehost.aio
import aio_echo, echo
from stubs import *

folder, transport = sys.argv[1:]

def address(name):
    return f"{{transport}}:{{folder}}/{{name}}"

def say(channel, data):
    return EchoStub(channel).Say(Ask(data=data), timeout={PATIENCE}).data

def back(request, context):
    # Keeps the way back, and uses it at once.
    kept.append(samehost.caller(context))
    return say(kept[0], request)

kept = []

def served(name):
    server = samehost.server(address(name))
    echo_pb2_grpc.add_EchoServicer_to_server(echo.Echo(), server)
    server.start()
    return server

async def served_on_loop(name):
    server = samehost.aio.server(address(name))
    echo_pb2_grpc.add_EchoServicer_to_server(aio_echo.Echo(), server)
    await server.start()
    return server

async def said_on_loop(channel, data):
    return (await EchoStub(channel).Say(Ask(data=data), timeout={PATIENCE})).data

server = served("threads")
unstarted = samehost.server(address("unstarted"))
channel = samehost.channel(address("threads"))
server.add_registered_method_handlers("test.Back", {{"Ask": grpc.unary_unary_rpc_method_handler(back)}})
offering = samehost.channel(address("threads"))
echo_pb2_grpc.add_EchoServicer_to_server(echo.Echo(), offering)
assert offering.unary_unary("/test.Back/Ask")(b"back") == b"back"
chat = EchoStub(channel).Chat(iter([Ask(data=b"1"), Ask(data=b"2")]))
assert next(chat).data == b"1"

loop = asyncio.new_event_loop()
server_on_loop = loop.run_until_complete(served_on_loop("loop"))
channel_on_loop = samehost.aio.channel(address("loop"))
assert loop.run_until_complete(said_on_loop(channel_on_loop, b"before")) == b"before"

def child():
    # What the parent made is dead here; new ones work, to the parent and of one's own.
    for dead in (channel, offering, kept[0]):
        try:
            say(dead, b"")
        except grpc.RpcError as error:
            assert "forked" in error.details(), error.details()
        else:
            raise AssertionError
    try:
        unstarted.start()
    except RuntimeError as error:
        assert "forked" in str(error), error
    else:
        raise AssertionError
    assert say(samehost.channel(address("threads")), b"to the parent") == b"to the parent"
    own = served("own")
    assert say(samehost.channel(address("own")), b"own") == b"own"

    async def of_a_loop():
        server = await served_on_loop("own-loop")
        async with samehost.aio.channel(address("own-loop")) as channel:
            assert await said_on_loop(channel, b"own") == b"own"
        async with samehost.aio.channel(address("threads")) as channel:
            assert await said_on_loop(channel, b"to the parent") == b"to the parent"
        await server.stop(None)

    asyncio.run(of_a_loop())

process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join({PATIENCE})
assert process.exitcode == 0, process.exitcode

assert next(chat).data == b"2"
assert say(channel, b"after") == b"after"
assert say(kept[0], b"back after") == b"back after"
assert loop.run_until_complete(said_on_loop(channel_on_loop, b"after")) == b"after"
loop.run_until_complete(channel_on_loop.close())
loop.run_until_complete(server_on_loop.stop(None))
print("went on")
"""


@pytest.mark.parametrize("transport", ["unix", "shm"])
def test_a_program_and_its_fork_go_on_side_by_side(tmp_path: object, transport: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), transport],
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * PATIENCE,
    )
    assert (done.returncode, done.stdout) == (0, "went on\n"), done.stderr
    assert "Traceback" not in done.stderr
