"""Messages are compressed where a channel, a call, a server or a handler says so: seen on the wire."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
from calling import error_of, unary
from stubs import SERVICE, Ask, EchoStub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Serve = Callable[..., Any]

# It compresses to a thousandth.
DATA = bytes(1 << 20)
GZIP = grpc.Compression.Gzip


class Relay:
    """Passes the bytes of one connection on to another socket, and counts them each way."""

    def __init__(self, path: str, onward: str) -> None:
        self.address = f"unix:{path}"
        self.sent = self.received = 0
        self._onward = onward
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._onward)
        threading.Thread(target=self._pass, args=(client, server, "sent"), daemon=True).start()
        self._pass(server, client, "received")

    def _pass(self, source: socket.socket, target: socket.socket, count: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                setattr(self, count, getattr(self, count) + len(data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def relay(address: str, tmp_path: Path) -> Relay:
    """Stand between a channel and the test's server."""
    return Relay(f"{tmp_path}/relay", address.partition(":")[2])


@pytest.fixture
def relayed(relay: Relay) -> Iterator[Callable[..., Any]]:
    """Make channels through the relay."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(samehost.channel(relay.address, **options))


def test_nothing_is_compressed_by_itself(serve: Serve, relay: Relay, relayed: Callable[..., Any]) -> None:
    serve()
    assert EchoStub(relayed()).Say(Ask(data=DATA)).data == DATA
    assert relay.sent > len(DATA)
    assert relay.received > len(DATA)


def test_a_call_compresses_where_it_says_so(serve: Serve, relay: Relay, relayed: Callable[..., Any]) -> None:
    serve()
    stub = EchoStub(relayed())
    assert stub.Say(Ask(data=DATA), compression=GZIP).data == DATA
    assert stub.Say.future(Ask(data=DATA), compression=GZIP).result().data == DATA
    assert stub.Collect(iter([Ask(data=DATA)] * 2), compression=GZIP).data == DATA * 2
    assert [answer.data for answer in stub.Chat(iter([Ask(data=DATA)]), compression=GZIP)] == [DATA]
    assert relay.sent < len(DATA) // 10
    assert relay.received > len(DATA) * 4


def test_a_channel_compresses_but_where_a_call_says_not_to(
    serve: Serve, relay: Relay, relayed: Callable[..., Any]
) -> None:
    serve()
    stub = EchoStub(relayed(compression=GZIP))
    assert stub.Say(Ask(data=DATA)).data == DATA
    assert stub.Say.with_call(Ask(data=DATA))[0].data == DATA
    assert relay.sent < len(DATA) // 10
    assert stub.Say(Ask(data=DATA), compression=grpc.Compression.NoCompression).data == DATA
    assert relay.sent > len(DATA)


def test_a_server_compresses_its_responses(serve: Serve, relay: Relay, relayed: Callable[..., Any]) -> None:
    serve(compression=GZIP)
    assert EchoStub(relayed()).Say(Ask(data=DATA)).data == DATA
    assert relay.sent > len(DATA)
    assert relay.received < len(DATA) // 10


def test_a_handler_chooses_and_leaves_single_messages_out(
    serve: Serve, relay: Relay, relayed: Callable[..., Any]
) -> None:
    def behavior(request: bytes, context: Any) -> Iterator[bytes]:
        context.set_compression(GZIP)
        yield request
        yield request
        context.disable_next_message_compression()
        yield request
        yield request

    serve({"Repeat": grpc.unary_stream_rpc_method_handler(behavior)})
    assert list(relayed().unary_stream(f"/{SERVICE}/Repeat")(DATA)) == [DATA] * 4
    assert len(DATA) < relay.received < len(DATA) * 11 // 10


def test_a_handler_of_one_response_chooses_too(
    serve: Serve, relay: Relay, relayed: Callable[..., Any]
) -> None:
    def behavior(request: bytes, context: Any) -> bytes:
        context.set_compression(GZIP)
        if request != DATA:
            context.disable_next_message_compression()
        return DATA

    serve(unary(behavior))
    say = relayed().unary_unary(f"/{SERVICE}/Say")
    assert say(DATA) == DATA
    assert relay.received < len(DATA) // 10
    assert say(b"as it is") == DATA
    assert relay.received > len(DATA)


def test_the_receiver_s_limit_holds_for_what_a_message_becomes(serve: Serve) -> None:
    channel = serve(unary(lambda request, _: request), max_inbound_message_size=100_000)
    error = error_of(lambda: channel.unary_unary(f"/{SERVICE}/Say")(DATA, compression=GZIP))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error.details() == (
        "the decompressed message exceeds maximum of 100000 bytes that the server takes. "
        "Raise the maximum inbound message size there."
    )
