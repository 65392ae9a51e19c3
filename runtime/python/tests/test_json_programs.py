"""Programs that serve JSON over HTTP/1.1: what they import, and how they end."""

from __future__ import annotations

import contextlib
import http.client
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from calling import HERE, PATIENCE
from web import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = f"""
import sys
{{before}}
import samehost._native as native
sys.path.insert(0, {str(HERE)!r})

def handle(call):
    call.answer(message=call.receive())

server = native.Server(handle)
server.listen(sys.argv[1])
server.start()
print("READY", flush=True)
sys.stdin.readline()
print("google.protobuf" in sys.modules, flush=True)
sys.stdin.readline()
"""


@contextlib.contextmanager
def program(address: str, before: str = "") -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """Run a server of bytes in a program of its own, which tells at each line whether protobuf is there."""
    arguments = [sys.executable, "-c", SERVER.format(before=before), address]
    with (
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running,
        contextlib.closing(Client(address)) as client,
    ):
        assert running.stdout
        assert running.stdout.readline() == "READY\n"
        yield running, client
        running.kill()


def test_without_protobuf_bytes_go_and_json_says_why_not(address: str) -> None:
    with program(address, "sys.modules['google.protobuf'] = None") as (_, client):
        assert client.post(b"\x08\x07", content_type="application/proto").data == b"\x08\x07"
        status, code, text = client.error()
        assert (status, code) == (501, "unimplemented")
        assert "needs the package protobuf" in text


def test_protobuf_is_imported_by_the_first_request_of_json(address: str) -> None:
    with program(address) as (running, client):
        assert client.post(b"\x08\x07", content_type="application/proto").data == b"\x08\x07"
        assert running.stdin
        assert running.stdout
        running.stdin.write("\n")
        running.stdin.flush()
        assert running.stdout.readline() == "False\n"
        status, code, text = client.error()
        assert (status, code) == (501, "unimplemented")
        assert "no contract that was imported" in text


INTERRUPTED = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from echo import Echo
from stubs import echo_pb2_grpc
import samehost

server = samehost.server(sys.argv[1])
echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
server.start()
print("READY", flush=True)
server.wait_for_termination()
"""


def test_a_server_that_is_interrupted_ends_under_load(address: str) -> None:
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            with (
                contextlib.suppress(OSError, http.client.HTTPException),
                contextlib.closing(Client(address)) as client,
            ):
                while not stop.is_set():
                    client.post()

    arguments = [sys.executable, "-c", INTERRUPTED, address]
    with (
        subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running,
        ThreadPoolExecutor(8) as pool,
    ):
        assert running.stdout
        assert running.stdout.readline() == "READY\n"
        for _ in range(8):
            pool.submit(load)
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        try:
            _, said = running.communicate(timeout=PATIENCE)
        finally:
            stop.set()
            running.kill()
        assert running.returncode == -signal.SIGINT, said
