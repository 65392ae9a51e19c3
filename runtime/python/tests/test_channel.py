"""A channel connects, tells of its state, waits where it is told to, and says in full what is wrong."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
from calling import PATIENCE, error_of
from echo import FOR_EVER, Echo
from stubs import Ask, EchoStub, Order, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Any]


def wait_for_callbacks() -> None:
    """Wait until all callbacks that are due have run: they do so in their order, on one thread."""
    called = threading.Event()
    with samehost.channel("unix:/none") as channel:
        channel.subscribe(lambda _: called.set())
        assert called.wait(PATIENCE)


def test_a_channel_is_grpc_s_and_knows_its_address(address: str) -> None:
    channel = samehost.channel(address)
    assert isinstance(channel, grpc.Channel)
    assert isinstance(channel, samehost.Channel)
    assert channel.address == address


# What is said behind the failure of the last try.
NOT_TRIED = (
    r" \[unix:\S+: so the last try ended\. This call was not sent: the next try is in \d+\.\d{3} s\.\]"
)


def test_no_server_is_told_with_what_to_do(address: str) -> None:
    with samehost.channel(address, backoff=60, longest_backoff=60) as channel:
        text = (
            f"connecting to {address}: no such file (ENOENT). Is the server running? "
            "It creates this socket when it starts, and has to be started again where the file was removed."
        )
        # The later ones come before it is tried again, and are told when that will be.
        for begin, more in (
            (lambda: EchoStub(channel).Say(Ask()), r""),
            (lambda: EchoStub(channel).Say.future(Ask()).result(PATIENCE), NOT_TRIED),
            (lambda: list(EchoStub(channel).Repeat(Ask())), NOT_TRIED),
        ):
            error = error_of(begin)
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            assert re.fullmatch(re.escape(text) + more, error.details())


def test_an_address_that_is_none_is_refused_with_an_example() -> None:
    with pytest.raises(ValueError, match=r"it has no scheme\. An address is SCHEME:REST"):
        samehost.channel("/run/app.sock")


def test_an_option_out_of_its_range_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="initial_credit"):
        samehost.channel(address, initial_credit=1)
    with pytest.raises(TypeError):
        samehost.channel(address, no_such_option=1)  # type: ignore[call-arg]


def test_a_call_that_waits_for_ready_waits_for_the_server(address: str) -> None:
    with samehost.channel(address, backoff=0.01, longest_backoff=0.02) as channel:
        future = EchoStub(channel).Say.future(Ask(data=b"x"), wait_for_ready=True)
        with pytest.raises(grpc.FutureTimeoutError):
            future.result(timeout=0.05)
        server = samehost.server(address)
        echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
        server.start()
        assert future.result(PATIENCE).data == b"x"
        assert EchoStub(channel).Say(Ask(), wait_for_ready=True).count == 1
        server.stop(None)


def test_a_channel_connects_again_after_its_server_was_started_again(address: str) -> None:
    with samehost.channel(address, backoff=0.01, longest_backoff=0.02, wait_for_ready=True) as channel:
        for _ in range(3):
            server = samehost.server(address)
            echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
            server.start()
            assert EchoStub(channel).Say(Ask(data=b"x"), timeout=PATIENCE).data == b"x"
            server.stop(None)


def test_channel_ready_future_is_done_when_there_is_a_connection(serve: Serve) -> None:
    channel = serve()
    ready = grpc.channel_ready_future(channel)
    ready.result(timeout=PATIENCE)
    assert ready.done()


def test_channel_ready_future_waits_for_a_server(address: str) -> None:
    with samehost.channel(address, backoff=0.01, longest_backoff=0.02) as channel:
        ready = grpc.channel_ready_future(channel)
        with pytest.raises(grpc.FutureTimeoutError):
            ready.result(timeout=0.05)
        server = samehost.server(address)
        server.start()
        ready.result(timeout=PATIENCE)
        server.stop(None)


def test_subscribers_are_told_of_states_until_they_leave(serve: Serve) -> None:
    channel = serve()
    told: list[grpc.ChannelConnectivity] = []
    ready = threading.Event()

    def callback(state: grpc.ChannelConnectivity) -> None:
        told.append(state)
        if state is grpc.ChannelConnectivity.READY:
            ready.set()

    channel.subscribe(callback)
    EchoStub(channel).Say(Ask())
    assert ready.wait(PATIENCE)
    assert told[-1] is grpc.ChannelConnectivity.READY
    channel.unsubscribe(callback)
    channel.unsubscribe(print)
    channel.close()
    wait_for_callbacks()
    assert told[-1] is grpc.ChannelConnectivity.READY


def test_subscribers_leave_when_the_channel_is_closed(serve: Serve) -> None:
    channel = serve()
    told: list[grpc.ChannelConnectivity] = []
    channel.subscribe(told.append)
    wait_for_callbacks()
    channel.close()
    wait_for_callbacks()
    assert told == [grpc.ChannelConnectivity.IDLE]


def test_a_subscriber_that_raises_does_not_keep_others_from_being_told(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    channel = serve()
    ready = threading.Event()
    channel.subscribe(lambda _: print(int("none")))
    channel.subscribe(
        lambda state: ready.set() if state is grpc.ChannelConnectivity.READY else None, try_to_connect=True
    )
    assert ready.wait(PATIENCE)
    assert "a subscriber to the states of a channel raised" in caplog.text


def test_state_connects_where_it_is_asked_to(serve: Serve) -> None:
    channel: Any = serve()
    assert channel.state() is grpc.ChannelConnectivity.IDLE
    channel.state(connect=True)
    grpc.channel_ready_future(channel).result(timeout=PATIENCE)
    assert channel.state() is grpc.ChannelConnectivity.READY


def test_close_fails_open_calls_and_later_ones(serve: Serve, address: str) -> None:
    channel = serve()
    stub = EchoStub(channel)
    future = stub.Say.future(Ask(order=Order(wait_millis=FOR_EVER)))
    responses = stub.Repeat(Ask(order=Order(count=1, wait_millis=FOR_EVER)))
    next(responses)
    channel.close()
    channel.close()
    for error in (
        future.exception(PATIENCE),
        error_of(lambda: next(responses)),
        error_of(lambda: stub.Say(Ask())),
    ):
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert error.details() == f"{address}: the channel was shut down."


def test_a_stub_outlives_the_channel_object_it_was_made_of(serve: Serve, address: str) -> None:
    serve()
    stub = EchoStub(samehost.channel(address))
    assert stub.Say(Ask(data=b"x")).data == b"x"


def test_grpc_s_channel_arguments_are_heeded_where_they_mean_something(serve: Serve, address: str) -> None:
    serve()
    arguments = [("grpc.max_receive_message_length", 1000), ("grpc.keepalive_time_ms", 5)]
    with samehost.channel(address, options=arguments) as channel:
        error = error_of(lambda: EchoStub(channel).Say(Ask(order=Order(bytes=2000))))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "exceeds maximum of 1000 bytes that the client takes" in error.details()


def test_a_server_s_largest_message_names_the_option(serve: Serve) -> None:
    channel = serve(max_inbound_message_size=1000)
    error = error_of(lambda: EchoStub(channel).Say(Ask(data=b"x" * 2000)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error.details().endswith(
        "bytes that the server takes. Raise the maximum inbound message size there."
    )
