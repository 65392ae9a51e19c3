"""Shorthands of the tests of calls back: handlers that call their caller, channels that offer services."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import samehost
from calling import PATIENCE, call, unary
from echo import Echo
from stubs import SERVICE, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_OFFERED = f"Method not found: {SERVICE}/Say"


def gone(address: str) -> str:
    """Give what a call back says whose caller has gone."""
    return (
        f"calling back over {address}: the connection has ended, or takes no more calls. A call back goes "
        "over the connection that its caller made, and there is no other way to it. The next call of that "
        "caller brings a new one."
    )


def by_caller(function: Callable[[Any, bytes], Any]) -> dict[str, Any]:
    """Serve one method by what is done with a channel to its caller."""
    return unary(lambda request, context: function(samehost.caller(context), request))


def echoing(channel: Any) -> Any:
    """Offer the tests' service on a channel."""
    echo_pb2_grpc.add_EchoServicer_to_server(Echo(), channel)
    return channel


def keeping(kept: list[Any]) -> dict[str, Any]:
    """Serve one method, which keeps the channel to its caller."""

    def keep(channel: Any, _: bytes) -> bytes:
        kept.append(channel)
        return b""

    return by_caller(keep)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def kept_channel(serve: Callable[..., Any], **options: Any) -> tuple[Any, Any]:
    """Give a client's channel that offers the tests' service, and what a handler has kept of its call."""
    kept: list[Any] = []
    channel = echoing(serve(keeping(kept), options))
    call(channel)
    return channel, kept[0]
