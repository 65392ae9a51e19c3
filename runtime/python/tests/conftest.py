"""What tests share: channels to the tests' service, over each transport, and servers of any handlers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import samehost
from calling import child_address
from echo import Echo
from stubs import SERVICE, EchoStub, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import grpc


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Name a socket of this test's own."""
    return f"unix:{tmp_path}/s"


@pytest.fixture
def serve(address: str) -> Iterator[Callable[..., Any]]:
    """Serve what a test wants, and give a channel to it: `serve(servicer_or_handlers, **server_options)`.

    Handlers are `method=grpc.unary_unary_rpc_method_handler(...)` in a dict, and take and give bytes.
    """
    open_ones: list[Any] = []

    def start(served: Any = None, channel: dict[str, Any] | None = None, **options: Any) -> grpc.Channel:
        server = samehost.server(address, **options)
        if isinstance(served, dict):
            server.add_registered_method_handlers(SERVICE, served)
        else:
            echo_pb2_grpc.add_EchoServicer_to_server(served or Echo(), server)
        server.start()
        made = samehost.channel(address, **(channel or {}))
        open_ones.extend([made.close, lambda: server.stop(None)])
        start.server = server  # type: ignore[attr-defined]
        return made

    yield start
    for close in open_ones:
        close()


@pytest.fixture(params=["unix inline", "unix pool", "stdio inline", "stdio pool"])
def echo(request: pytest.FixtureRequest, serve: Callable[..., Any]) -> Iterator[Any]:
    """Give a stock stub to the tests' service, over each transport, with and without a pool of threads."""
    transport, threads = request.param.split()
    if transport == "unix":
        with ThreadPoolExecutor(8) as pool:
            channel = serve(thread_pool=pool if threads == "pool" else None)
            yield EchoStub(channel)
            channel.close()
            serve.server.stop(None)  # type: ignore[attr-defined]
        return
    with samehost.channel(
        child_address("worker.py", *(["--pool", "8"] if threads == "pool" else []))
    ) as channel:
        yield EchoStub(channel)
