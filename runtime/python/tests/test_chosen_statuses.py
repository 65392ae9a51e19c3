"""A handler that chooses a status which is none fails its call, and nobody waits for it."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from aio_echo import on_loop, say, serving
from aio_echo import unary as aio_unary
from calling import PATIENCE, call, error_of, unary
from stubs import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WRONG: dict[str, Callable[[Any], object]] = {
    "a text that is none": lambda context: context.set_details(7),
    "a text of bytes": lambda context: context.set_details(b"seven"),
    "a text that cannot be encoded": lambda context: context.set_details("\ud800"),
    "trailers that are none": lambda context: context.set_trailing_metadata(7),
    "a trailer that is none": lambda context: context.set_trailing_metadata((("seven", 7),)),
}

wrong = pytest.mark.parametrize("choose", WRONG.values(), ids=WRONG)


@wrong
@pytest.mark.parametrize("pooled", [False, True], ids=["inline", "pool"])
def test_on_threads(choose: Callable[[Any], object], serve: Callable[..., Any], pooled: bool) -> None:
    def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
        choose(context)
        return request

    with ThreadPoolExecutor(1) as pool:
        channel = serve(unary(behavior), thread_pool=pool if pooled else None)
        error = error_of(lambda: call(channel, timeout=PATIENCE))
        assert (error.code(), error.details()) == (
            grpc.StatusCode.UNKNOWN,
            "Application error processing RPC",
        )


@wrong
@on_loop
async def test_on_a_loop(choose: Callable[[Any], object], address: str) -> None:
    async def behavior(request: bytes, context: Any) -> bytes:
        choose(context)
        return request

    async with serving(address, aio_unary(behavior)) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await say(channel)(b"", timeout=PATIENCE)
        assert raised.value.code() is grpc.StatusCode.UNKNOWN


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_requests_that_exit_end_their_call(serve: Callable[..., Any]) -> None:
    def requests() -> Iterator[bytes]:
        yield b"one"
        sys.exit("no more")

    collect: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_unary_rpc_method_handler(
        lambda requests, _: b"".join(requests)
    )
    channel = serve({"Collect": collect})
    error = error_of(lambda: channel.stream_unary(f"/{SERVICE}/Collect")(requests(), timeout=PATIENCE))
    assert error.code() is grpc.StatusCode.UNKNOWN
    assert error.details() == "the client's stream of requests failed: SystemExit: no more."
