"""Calls back end: by their deadline, by whoever makes them, with their connection, and with their process."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
from calling import PATIENCE, call, error_of, unary
from calling_back import by_caller, echoing, gone, keeping, kept_channel, wait_for
from stubs import SERVICE, Ask, EchoStub

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Any]


def test_a_call_back_has_a_deadline_of_its_own(serve: Serve) -> None:
    ended = threading.Event()

    def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
        assert context.time_remaining() < PATIENCE
        if context.add_callback(ended.set):
            ended.wait(PATIENCE)
        return b""

    def back(channel: Any, _: bytes) -> bytes:
        return str(error_of(lambda: call(channel, timeout=0.1)).code()).encode()

    channel = serve(by_caller(back))
    channel.add_registered_method_handlers(SERVICE, unary(wait))
    assert call(channel) == b"StatusCode.DEADLINE_EXCEEDED"
    assert ended.wait(PATIENCE)


def test_a_call_back_that_is_cancelled_ends_for_the_caller_s_handler(serve: Serve) -> None:
    begun, ended = threading.Event(), threading.Event()

    def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        begun.set()
        ended.wait(PATIENCE)
        return b""

    def back(channel: Any, _: bytes) -> bytes:
        future = channel.unary_unary(f"/{SERVICE}/Say").future(b"")
        assert begun.wait(PATIENCE)
        future.cancel()
        return str(future.code()).encode()

    channel = serve(by_caller(back))
    channel.add_registered_method_handlers(SERVICE, unary(wait))
    assert call(channel) == b"StatusCode.CANCELLED"
    assert ended.wait(PATIENCE)


@pytest.mark.parametrize("wait_for_ready", [False, True])
def test_a_call_back_fails_at_once_when_the_caller_has_gone(
    serve: Serve, address: str, wait_for_ready: bool
) -> None:
    channel, caller = kept_channel(serve)
    assert caller.state() is grpc.ChannelConnectivity.READY
    channel.close()
    wait_for(lambda: caller.state() is grpc.ChannelConnectivity.SHUTDOWN)
    begin = time.monotonic()
    error = error_of(lambda: call(caller, wait_for_ready=wait_for_ready, timeout=PATIENCE))
    assert time.monotonic() - begin < PATIENCE / 2
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAVAILABLE, gone(address))


@pytest.mark.parametrize("by", ["client", "server"])
def test_open_calls_back_end_with_their_connection_on_both_sides(serve: Serve, by: str) -> None:
    begun, ended = threading.Event(), threading.Event()

    def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        begun.set()
        ended.wait(PATIENCE)
        return b""

    kept: list[Any] = []
    channel = serve(keeping(kept))
    channel.add_registered_method_handlers(SERVICE, unary(wait))
    call(channel)
    future = kept[0].unary_unary(f"/{SERVICE}/Say").future(b"")
    assert begun.wait(PATIENCE)
    if by == "server":
        serve.server.stop(None)  # type: ignore[attr-defined]
    else:
        channel.close()
    assert future.code() is grpc.StatusCode.UNAVAILABLE
    assert ended.wait(PATIENCE)


def test_a_handler_that_is_served_its_call_back_ends_when_the_channel_does(serve: Serve) -> None:
    begun, ended = threading.Event(), threading.Event()

    def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        begun.set()
        ended.wait(PATIENCE)
        return b""

    seen: list[Any] = []

    def back(channel: Any, _: bytes) -> bytes:
        seen.append(error_of(lambda: call(channel)).code())
        return b""

    channel = serve(by_caller(back))
    channel.add_registered_method_handlers(SERVICE, unary(wait))
    future = channel.unary_unary(f"/{SERVICE}/Say").future(b"")
    assert begun.wait(PATIENCE)
    channel.close()
    assert future.code() is grpc.StatusCode.UNAVAILABLE
    assert ended.wait(PATIENCE)
    wait_for(lambda: seen == [grpc.StatusCode.UNAVAILABLE])


def test_a_channel_to_the_caller_that_is_closed_ends_nothing(serve: Serve) -> None:
    _, caller = kept_channel(serve)
    with caller:
        chat = EchoStub(caller).Chat(iter([Ask(data=b"1"), Ask(data=b"2")]))
    assert [answer.data for answer in chat] == [b"1", b"2"]
    caller.close()
    assert EchoStub(caller).Say(Ask(data=b"on")).data == b"on"


def test_a_channel_that_was_dropped_takes_no_calls_back(serve: Serve, address: str) -> None:
    kept: list[Any] = []
    serve(keeping(kept)).close()
    dropped = echoing(samehost.channel(address))
    call(dropped)
    assert EchoStub(kept[0]).Say(Ask(data=b"there")).data == b"there"
    del dropped
    wait_for(lambda: kept[0].state() is grpc.ChannelConnectivity.SHUTDOWN)
    with contextlib.closing(echoing(samehost.channel(address))) as another:
        call(another)
        assert error_of(lambda: EchoStub(kept[0]).Say(Ask())).details() == gone(address)
        assert EchoStub(kept[1]).Say(Ask(data=b"there")).data == b"there"
