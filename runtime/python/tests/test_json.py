"""JSON over HTTP/1.1: plain clients of HTTP call servers of samehost, of threads and of loops."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import aio_echo
import grpc
import pytest
import samehost
import samehost.aio
from calling import PATIENCE
from echo import FOR_EVER, Echo
from stubs import SERVICE, Answer, Ask, echo_pb2_grpc
from web import HI, HI_BACK, JSON, SAY, Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def on_threads(address: str, servicer: Any = None, **more: Any) -> Iterator[Client]:
    """Serve on threads, and give a client."""
    server = samehost.Server(**more)
    if isinstance(servicer, dict):
        server.add_registered_method_handlers(SERVICE, servicer)
    else:
        echo_pb2_grpc.add_EchoServicer_to_server(servicer or Echo(), server)
    port = server.add_insecure_port(address)
    server.start()
    try:
        with contextlib.closing(Client(f"tcp:127.0.0.1:{port}" if port > 1 else address)) as client:
            yield client
    finally:
        server.stop(None).wait(PATIENCE)


@contextlib.contextmanager
def on_a_loop(address: str, servicer: Any = None, **more: Any) -> Iterator[Client]:
    """Serve on a loop of a thread of its own, and give a client."""
    started, stop = threading.Event(), threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        server = samehost.aio.Server(**more)
        echo_pb2_grpc.add_EchoServicer_to_server(servicer or aio_echo.Echo(), server)
        ports.append(server.add_insecure_port(address))
        await server.start()
        started.set()
        await asyncio.to_thread(stop.wait)
        await server.stop(None)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(PATIENCE)
    try:
        place = f"tcp:127.0.0.1:{ports[0]}" if ports[0] > 1 else address
        with contextlib.closing(Client(place)) as client:
            yield client
    finally:
        stop.set()
        thread.join(PATIENCE)


SURFACES: dict[str, Any] = {"threads": on_threads, "loop": on_a_loop}


@pytest.fixture(params=SURFACES)
def serving(request: pytest.FixtureRequest) -> Any:
    """Give a way to serve."""
    return SURFACES[request.param]


@pytest.mark.parametrize("over", ["unix", "unix-abstract", "tcp"])
def test_calls_on_one_connection(serving: Any, tmp_path: Any, over: str) -> None:
    with serving("tcp:127.0.0.1:0" if over == "tcp" else f"{over}:{tmp_path}/s") as client:
        for _ in range(3):
            answer = client.post()
            assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
            assert json.loads(answer.data) == HI_BACK
        assert json.loads(client.post('{"data":"aGk=","newer":{"a":[1]}}').data) == HI_BACK


def test_bytes_and_compression(serving: Any, address: str) -> None:
    with serving(address, compression=grpc.Compression.Gzip) as client:
        answer = client.post(Ask(data=b"hi").SerializeToString(), content_type="application/proto")
        assert (answer.status, answer.headers["content-type"]) == (200, "application/proto")
        assert Answer.FromString(answer.data) == Answer(data=b"hi", count=1)
        answer = client.post(gzip.compress(HI.encode()), content_encoding="gzip")
        assert (answer.headers["content-encoding"], json.loads(answer.data)) == (None, HI_BACK)
        answer = client.post(accept_encoding="gzip")
        assert answer.headers["content-encoding"] == "gzip"
        assert json.loads(gzip.decompress(answer.data)) == HI_BACK


def test_errors_of_handlers(serving: Any, address: str) -> None:
    with serving(address) as client:
        assert client.error('{"order":{"code":5,"text":"nöt \\"here\\" ☺"}}') == (
            404,
            "not_found",
            'nöt "here" ☺',
        )
        status, code, text = client.error('{"order":{"panic":true}}')
        assert (status, code) == (500, "unknown")
        assert "secret" not in text
        assert client.error(f'{{"order":{{"waitMillis":{FOR_EVER}}}}}', connect_timeout_ms="100")[:2] == (
            504,
            "deadline_exceeded",
        )
        assert json.loads(client.post().data) == HI_BACK


NO_JSON = [
    ("", "line 1 column 1"),
    ('{"data":', "line 1 column"),
    ("{}{}", "line 1 column 3"),
    ("[]", "no object"),
    ('"s"', "no object"),
    ("null", ""),
    ("7", ""),
    ('{"data":7}', "data"),
    ('{"order":{"count":-1}}', "count"),
    ("[" * 100_000, ""),
    ('{"new":' + "[" * 100_000 + "]" * 100_000 + "}", ""),
    (b'{"data":"\xff"}', "utf-8"),
]


@pytest.mark.parametrize(("body", "where"), NO_JSON, ids=range(len(NO_JSON)))
def test_what_is_no_json(address: str, body: Any, where: str) -> None:
    with on_threads(address) as client:
        status, code, text = client.error(body)
        assert (status, code) == (400, "invalid_argument")
        assert text.startswith("the body is no JSON of samehost.test.v1.Ask: ")
        assert where in text
        assert json.loads(client.post().data) == HI_BACK


def test_what_is_refused(serving: Any, address: str) -> None:
    with serving(address) as client:
        assert client.error("{}", "/no.Such/Method")[:2] == (501, "unimplemented")
        assert client.error("{}", f"/{SERVICE}/Gone")[:2] == (501, "unimplemented")
        assert client.error("", "/no.Such/Method", content_type="application/proto") == (
            501,
            "unimplemented",
            "Method not found: no.Such/Method",
        )
        for method in ("Collect", "Repeat", "Chat"):
            for kind, body in (("json", "{}"), ("proto", "")):
                status, code, text = client.error(
                    body, f"/{SERVICE}/{method}", content_type=f"application/{kind}"
                )
                assert (status, code) == (501, "unimplemented")
                assert "unary methods alone" in text
        assert client.error(origin="https://example.org")[:2] == (403, "permission_denied")
        assert client.error(content_type="text/plain")[:2] == (415, "unimplemented")


def test_a_limit_of_messages(serving: Any, address: str) -> None:
    with serving(address, max_inbound_message_size=1000) as client:
        status, code, text = client.error(HI + " " * 1000)
        assert (status, code) == (429, "resource_exhausted")
        assert "1000" in text


def test_metadata_both_ways_and_who_calls(address: str) -> None:
    told: list[Any] = []

    class Told(Echo):
        def Say(self, request: Any, context: Any) -> Any:  # noqa: N802 the contract's
            sent = [pair for pair in context.invocation_metadata() if pair[0].startswith("x-")]
            context.send_initial_metadata(sent)
            context.set_trailing_metadata(sent)
            told.extend([context.medium(), context.auth_context()["pid"]])
            return Answer(data=request.data, count=1)

    with on_threads(address, Told()) as client:
        answer = client.post(x_text="plain", x_bytes_bin="AP8H")
        for beginning in ("", "trailer-"):
            assert answer.headers[beginning + "x-text"] == "plain"
            assert answer.headers[beginning + "x-bytes-bin"] == "AP8H"
        assert told == ["JSON over HTTP/1.1", [str(os.getpid()).encode()]]


def test_a_client_that_goes_cancels_its_call(address: str) -> None:
    begun, over = threading.Event(), threading.Event()

    class Waiting(Echo):
        def Say(self, request: Any, context: Any) -> Any:  # noqa: N802 the contract's
            context.add_callback(over.set)
            begun.set()
            over.wait(PATIENCE)
            return Answer(data=request.data)

    with on_threads(address, Waiting()) as client:
        client.request("POST", SAY, HI, JSON)
        assert begun.wait(PATIENCE)
        client.close()
        assert over.wait(PATIENCE)


def test_a_coroutine_is_cancelled_when_its_client_goes(address: str) -> None:
    echo = aio_echo.Echo()
    with on_a_loop(address, echo) as client:
        client.request("POST", SAY, f'{{"order":{{"waitMillis":{FOR_EVER}}}}}', JSON)
        until(echo.begun.is_set)
        client.close()
        until(echo.cancelled.is_set)


def until(holds: Any) -> None:
    """Wait for what nobody tells of."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_stop_answers_what_is_open(address: str) -> None:
    begun = threading.Event()

    class Slow(Echo):
        def Say(self, request: Any, context: Any) -> Any:  # noqa: N802 the contract's
            begun.set()
            time.sleep(0.3)
            assert context.is_active()
            return Answer(data=request.data, count=1)

    server = samehost.Server()
    echo_pb2_grpc.add_EchoServicer_to_server(Slow(), server)
    server.add_insecure_port(address)
    server.start()
    client = Client(address)
    client.request("POST", SAY, HI, JSON)
    assert begun.wait(PATIENCE)
    stopped = server.stop(PATIENCE)
    answer = client.getresponse()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert json.loads(answer.read()) == HI_BACK
    assert stopped.wait(PATIENCE)


def test_many_clients_beside_callers_of_samehost(serving: Any, address: str) -> None:
    with serving(address), samehost.channel(address) as channel, ThreadPoolExecutor(64) as pool:
        large = json.dumps({"data": "QUJD" * 20_000})

        def calls(number: int) -> bool:
            with contextlib.closing(Client(address)) as client:
                asked = large if number % 8 == 0 else HI
                return all(
                    json.loads(client.post(asked).data)["data"] == json.loads(asked)["data"]
                    for _ in range(10)
                )

        results = [pool.submit(calls, number) for number in range(64)]
        for _ in range(100):
            assert echo_pb2_grpc.EchoStub(channel).Say(Ask(data=b"x"), timeout=PATIENCE).data == b"x"
        assert all(result.result() for result in results)
