"""What is particular to a transport: its options, what carries a call, who is at the other end."""

from __future__ import annotations

import contextlib
import re
import resource
import socket
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
import samehost.aio
from aio_echo import on_loop, say, serving, soon
from aio_echo import unary as awaited
from calling import PATIENCE, call, error_of, unary
from stubs import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MEMORY = "shared memory, 1048576 bytes each way"


def medium(_: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer what carries the call, as its handler is told."""
    assert isinstance(context, samehost.Context)
    return str(context.medium()).encode()


async def medium_of_loop(_: bytes, context: Any) -> bytes:
    """Answer the same, on a loop."""
    assert isinstance(context, samehost.aio.Context)
    return str(context.medium()).encode()


@contextlib.contextmanager
def serving_at(
    address: str, behavior: Callable[[bytes, Any], bytes] = medium, **options: Any
) -> Iterator[str]:
    """Serve one method; give the address that clients use."""
    server = samehost.Server(**options)
    server.add_registered_method_handlers(SERVICE, unary(behavior))
    port = server.add_insecure_port(address)
    server.start()
    try:
        yield re.sub(r":0$", f":{port}", address)
    finally:
        server.stop(None)


@contextlib.contextmanager
def without_memory() -> Iterator[None]:
    """Let this process make no file or memory that is larger than a page."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_both_ends_of_a_call_through_shared_memory_are_told_so(tmp_path: Path) -> None:
    address = f"shm:{tmp_path}/s"
    with serving_at(address), samehost.Channel(address) as channel:
        assert channel.medium() is None  # nothing is connected yet
        assert call(channel).decode() == MEMORY
        assert channel.medium() == MEMORY


def test_the_smaller_wish_for_memory_is_taken(tmp_path: Path) -> None:
    address = f"shm:{tmp_path}/s"
    with serving_at(address, ring_bytes=131_072), samehost.Channel(address) as large:
        assert call(large) == b"shared memory, 131072 bytes each way"
        with samehost.Channel(address, ring_bytes=65_536) as small:
            assert call(small) == b"shared memory, 65536 bytes each way"


def test_without_memory_a_call_goes_over_the_socket_and_its_client_is_told_why(tmp_path: Path) -> None:
    address = f"shm:{tmp_path}/s"
    with serving_at(address), samehost.Channel(address) as channel:
        with without_memory():
            assert call(channel) == b"None"
        told = channel.medium()
    assert told is not None
    assert address in told
    assert "EFBIG" in told


def test_a_strict_channel_fails_without_memory_and_says_why(tmp_path: Path) -> None:
    address = f"shm:{tmp_path}/s"
    with serving_at(address), samehost.channel(address, strict=True) as channel, without_memory():
        error = error_of(lambda: call(channel))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert f"connecting to {address}: no shared memory" in error.details()
    assert error.details().endswith("the option strict forbids the Unix socket instead.")


def test_an_address_that_leaves_nothing_open_says_nothing(address: str) -> None:
    with serving_at(address), samehost.Channel(address) as channel:
        assert call(channel) == b"None"
        assert channel.medium() is None


@on_loop
async def test_on_a_loop_both_ends_are_told_too(tmp_path: Path) -> None:
    async with serving(f"shm:{tmp_path}/s", awaited(medium_of_loop)) as channel:
        assert channel.medium() is None
        assert (await soon(say(channel)(b""))).decode() == MEMORY
        assert channel.medium() == MEMORY
    assert channel.medium() is None


def test_a_port_for_others_needs_a_word_and_so_does_a_call_to_one() -> None:
    everywhere = "tcp:0.0.0.0:0"
    with pytest.raises(RuntimeError, match="plain_text_beyond_host"), serving_at(everywhere):
        pass
    with serving_at(everywhere, plain_text_beyond_host=True) as address:
        here = "tcp:127.0.0.1:" + address.rpartition(":")[2]
        with samehost.channel(here) as channel:
            assert call(channel) == b"None"
    with pytest.raises(ValueError, match="plain_text_beyond_host"):
        samehost.channel("tcp:192.0.2.1:9")
    with samehost.channel("tcp:192.0.2.1:9", plain_text_beyond_host=True, connect_timeout=0.01) as channel:
        assert "plain_text_beyond_host" not in error_of(lambda: call(channel)).details()


def test_a_server_that_says_nothing_is_given_up_when_the_option_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp:127.0.0.1:{silent.getsockname()[1]}"
        with samehost.channel(address, hello_timeout=0.25) as channel:
            assert "0.25" in error_of(lambda: call(channel, timeout=PATIENCE)).details()


def test_a_peer_over_tcp_has_its_ip_address_and_its_port() -> None:
    with serving_at("tcp:127.0.0.1:0", lambda _, context: context.peer().encode()) as address:
        channel = samehost.channel(address)
        peer = call(channel).decode()
        channel.close()
    assert re.fullmatch(r"ipv4:127\.0\.0\.1:\d+", peer)
    assert not address.endswith(peer.rpartition(":")[2])


@pytest.mark.parametrize("scheme", ["unix", "shm", "fifo"])
def test_a_peer_within_the_host_is_one_of_a_local_socket(tmp_path: Path, scheme: str) -> None:
    address = f"{scheme}:{tmp_path}/s"
    with (
        serving_at(address, lambda _, context: context.peer().encode()),
        samehost.channel(address) as channel,
    ):
        assert call(channel).decode().startswith("unix:")
