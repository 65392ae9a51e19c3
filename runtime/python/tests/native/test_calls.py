"""Calls of all four kinds by threads, over a Unix socket."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from samehost import _native

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from native.conftest import Obedient

SOON = 30.0


def test_a_unary_call_brings_message_headers_and_trailers(channel: _native.Channel) -> None:
    pairs = (("one", "1"), ("one", "again"), ("two-bin", b"\x00\xff"))
    outcome = channel.unary("/test.Service/Echo", b"hello", pairs, 5.0)
    assert (outcome.code, outcome.text, outcome.message) == (0, "fine", b"hello")
    assert outcome.headers == (("first", "1"),)
    assert outcome.trailers == pairs


@pytest.mark.parametrize("size", [0, 1, 16 << 10, (16 << 10) + 1, 3 << 20])
def test_messages_of_any_size_pass_whole(channel: _native.Channel, size: int) -> None:
    message = os.urandom(size)
    assert channel.unary("/test.Service/Echo", message).message == message
    assert channel.unary("/test.Service/Echo", bytearray(message), gzip=True).message == message


def test_a_stream_of_requests_is_counted(channel: _native.Channel) -> None:
    call = channel.call("/test.Service/Count")
    for _ in range(100):
        assert call.send(b"x" * 1000)
    call.half_close()
    assert call.receive() == b"100"
    assert call.receive() is None
    outcome = call.outcome()
    assert outcome is not None
    assert outcome.code == 0


def test_a_stream_of_responses_arrives_in_its_order(channel: _native.Channel) -> None:
    call = channel.call("/test.Service/Repeat")
    assert call.send(b"500", last=True)
    assert [call.receive() for _ in range(501)] == [*(b"%d" % n for n in range(500)), None]


def test_messages_go_both_ways_at_the_same_time(channel: _native.Channel) -> None:
    call = channel.call("/test.Service/Chat", gzip=True)
    count = 200

    def send() -> None:
        for number in range(count):
            assert call.send(b"%d" % number * 1000, compress=number % 2 == 0)
        call.half_close()

    sender = threading.Thread(target=send)
    sender.start()
    received = [call.receive() for _ in range(count)]
    sender.join(SOON)
    assert received == [b"%d" % n * 1000 for n in range(count)]
    assert call.receive() is None


def test_nothing_is_sent_after_the_end(channel: _native.Channel) -> None:
    call = channel.call("/test.Service/Chat")
    call.half_close()
    with pytest.raises(RuntimeError, match="no message follows"):
        call.send(b"late")
    assert call.receive() is None
    assert not call.send(b"too late")


def test_an_unknown_method_and_a_failing_handler_are_told_without_a_secret(
    channel: _native.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda hook: told.append(hook.exc_value))
    outcome = channel.unary("/test.Service/Nothing", b"")
    assert (outcome.code, outcome.text) == (12, "Method not found: test.Service/Nothing")
    outcome = channel.unary("/test.Service/Fail", b"")
    assert (outcome.code, outcome.text) == (2, "Application error processing RPC")
    assert [str(error) for error in told] == ["the secret of the handler"]


def test_the_deadline_reaches_the_handler_and_ends_the_call(
    channel: _native.Channel, obedient: Obedient
) -> None:
    told = channel.unary("/test.Service/Peer", b"", timeout=100.0).message or b""
    left = float(told.split()[-1])
    assert 0 < left <= 100.0
    timeout = 0.1
    while not obedient.began.is_set():  # a busy machine may need more time than that to reach the handler
        outcome = channel.unary("/test.Service/Hold", b"", timeout=timeout)
        assert outcome.code == 4
        assert outcome.text.startswith("deadline exceeded after ")
        timeout *= 2
    assert obedient.cancelled.wait(SOON)


def test_a_deadline_passes_though_nobody_waits(channel: _native.Channel) -> None:
    over = threading.Event()
    call = channel.call("/test.Service/Hold", timeout=0.1)
    call.send(b"", last=True)
    if call.add_done_callback(over.set):
        assert over.wait(SOON)
    outcome = call.outcome()
    assert outcome is not None
    assert outcome.code == 4


def test_a_handler_learns_who_calls(channel: _native.Channel, server: str) -> None:
    told = (channel.unary("/test.Service/Peer", b"").message or b"").decode()
    assert told == f"{server} {os.getpid()} {os.getuid()} {os.getgid()} None"


def test_a_cancellation_reaches_a_handler_that_waits_for_messages(
    channel: _native.Channel, obedient: Obedient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.unraisablehook", lambda _: None)
    call = channel.call("/test.Service/Chat")
    call.send(b"hello")
    assert call.receive() == b"hello"
    assert call.cancel("enough")
    assert not call.cancel()
    outcome = call.outcome()
    assert outcome is not None
    assert (outcome.code, outcome.text) == (1, "the call was cancelled by its caller: enough")
    assert obedient.cancelled.wait(SOON)
    assert obedient.seen == [(1, "the call was cancelled by its caller: enough")]


def test_a_dropped_call_is_cancelled_and_its_callback_told(
    channel: _native.Channel, obedient: Obedient
) -> None:
    told = threading.Event()
    call = channel.call("/test.Service/Hold")
    call.send(b"", last=True)
    call.add_done_callback(told.set)
    assert obedient.began.wait(SOON)
    del call
    assert told.wait(SOON)
    assert obedient.cancelled.wait(SOON)


def test_a_collected_call_goes_on_without_its_object(channel: _native.Channel) -> None:
    outcomes: list[_native.Outcome] = []
    told = threading.Event()

    def done(outcome: _native.Outcome) -> None:
        outcomes.append(outcome)
        told.set()

    call = channel.call("/test.Service/Nap")
    call.send(b"later", last=True)
    call.collect(done)
    del call
    assert told.wait(SOON)
    assert [(o.code, o.message) for o in outcomes] == [(0, b"later")]


def test_handlers_that_take_long_hold_up_nobody(channel: _native.Channel, obedient: Obedient) -> None:
    with ThreadPoolExecutor(30) as pool:
        held = pool.submit(channel.unary, "/test.Service/Hold", b"")
        assert obedient.began.wait(SOON)
        naps = [pool.submit(channel.unary, "/test.Service/Nap", b"%d" % n) for n in range(20)]
        assert [nap.result(SOON).message for nap in naps] == [b"%d" % n for n in range(20)]
        assert not held.done()
        obedient.release.set()
        assert held.result(SOON).message == b"released"


def test_a_thousand_calls_at_once_have_each_their_own_answer(channel: _native.Channel) -> None:
    with ThreadPoolExecutor(100) as pool:
        answers = pool.map(lambda n: channel.unary("/test.Service/Echo", b"%d" % n).message, range(1000))
        assert list(answers) == [b"%d" % n for n in range(1000)]


def test_a_thread_that_waits_has_not_the_lock_of_the_interpreter(
    channel: _native.Channel, obedient: Obedient
) -> None:
    waiting = threading.Thread(target=channel.unary, args=("/test.Service/Hold", b""))
    waiting.start()
    assert obedient.began.wait(SOON)
    counted = 0
    until = time.monotonic() + 0.05
    while time.monotonic() < until:
        counted += 1
    assert counted > 100
    assert waiting.is_alive()
    obedient.release.set()
    waiting.join(SOON)


def test_a_stub_method_serialises_and_raises_as_it_is_told(channel: _native.Channel) -> None:
    class FailedError(Exception):
        pass

    method = _native.UnaryMethod(
        channel, "/test.Service/Echo", str.encode, bytes.decode, lambda outcome: FailedError(outcome.code)
    )
    assert method("hello") == "hello"
    assert method(request="hi", timeout=10, metadata=[("a", "b")]) == "hi"
    with pytest.raises(TypeError):
        method(b"no text")
    missing = _native.UnaryMethod(
        channel, "/test.Service/Missing", None, None, lambda outcome: FailedError(outcome.code)
    )
    with pytest.raises(FailedError, match="12"):
        missing(b"")


def receiving(call: _native.ServerCall) -> None:
    """Answer with the first message."""
    call.answer(message=b"slow " + (call.receive() or b""))


def test_a_whole_request_goes_to_the_handler_of_its_path_and_others_to_that_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_itself(call: _native.ServerCall, request: bytes) -> None:
        assert call.answer(5, "not " + request.decode())

    def fails(call: _native.ServerCall, _: bytes) -> str:
        return call.path

    quick: dict[str, Callable[[_native.ServerCall, bytes], Any]] = {
        "/test.Service/Quick": lambda _, request: b"quick " + request,
        "/test.Service/Itself": by_itself,
        "/test.Service/Fails": fails,
    }
    server = _native.Server(receiving, unary=quick)
    channel = _native.Channel(server.listen(f"unix:{tmp_path}/s"))
    server.start()
    assert channel.unary("/test.Service/Quick", b"x").message == b"quick x"
    assert channel.unary("/test.Service/Other", b"x").message == b"slow x"
    assert channel.unary("/test.Service/Quick", b"x", gzip=True).message == b"slow x"
    large = b"x" * (3 << 20)
    assert channel.unary("/test.Service/Quick", large).message == b"slow " + large
    stream = channel.call("/test.Service/Quick")
    assert stream.send(b"1")
    assert stream.receive() == b"slow 1"
    outcome = channel.unary("/test.Service/Itself", b"x")
    assert (outcome.code, outcome.text) == (5, "not x")
    told: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda hook: told.append(hook.exc_value))
    outcome = channel.unary("/test.Service/Fails", b"x")
    assert (outcome.code, outcome.text) == (2, "Application error processing RPC")
    assert [type(error) for error in told] == [TypeError]
    del quick["/test.Service/Quick"]
    assert channel.unary("/test.Service/Quick", b"x").message == b"slow x"
    channel.close()
    server.stop()


def test_a_message_above_the_limit_names_the_option_compressed_or_not(server: str) -> None:
    channel = _native.Channel(server, max_inbound_message_size=1000)
    outcome = channel.unary("/test.Service/Echo", b"\0" * 2000)
    assert (outcome.code, "maximum inbound message size" in outcome.text) == (8, True)
    assert channel.unary("/test.Service/Echo", b"\0" * 1000).code == 0


def test_the_states_of_a_channel_are_told(server: str) -> None:
    channel = _native.Channel(server)
    states: list[int] = []
    over = threading.Event()

    def told(state: int) -> None:
        states.append(state)
        if state == _native.SHUTDOWN:
            over.set()

    channel.watch_state(told)
    assert channel.state() == _native.IDLE
    assert channel.state(connect=True) in (_native.IDLE, _native.CONNECTING, _native.READY)
    while channel.state() != _native.READY:
        assert channel.wait_for_state(channel.state(), SOON)
    channel.close()
    assert over.wait(SOON)
    assert states[0] == _native.IDLE
    assert not channel.wait_for_state(_native.SHUTDOWN, 0.01)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"colour": "red"}, TypeError, "there is no option colour"),
        ({"initial_credit": 5}, ValueError, "initial_credit is 5, but must be from 1024"),
        ({"initial_credit": "much"}, TypeError, "initial_credit is an int"),
        ({"spin_limit": -0.001}, ValueError, "spin_limit is -0.001"),
        ({"connect_timeout": -1}, ValueError, "connect_timeout is -1"),
        ({"connect_timeout": float("nan")}, ValueError, "connect_timeout is NaN"),
        ({"arguments": "a text"}, TypeError, "arguments is a sequence"),
        ({"stderr_lines": 5}, TypeError, "stderr_lines is a callable"),
    ],
)
def test_wrong_options_are_named(options: dict[str, object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        _native.Channel("unix:/nowhere", **options)  # type: ignore[arg-type]


def test_errors_are_those_of_the_catalogue(tmp_path: Path) -> None:
    with pytest.raises(_native.StatusError, match="it has no scheme") as raised:
        _native.Channel("nowhere")
    assert raised.value.code == 3
    outcome = _native.Channel(f"unix:{tmp_path}/none").unary("/a.B/C", b"")
    assert (outcome.code, outcome.text) == (
        14,
        _native.fault("connect_no_such_file", f"unix:{tmp_path}/none").text,
    )
    with pytest.raises(KeyError):
        _native.fault("no_such_fault")
    with pytest.raises(ValueError, match="takes 1 values"):
        _native.fault("method_unknown")


def test_metadata_that_is_none_is_refused(channel: _native.Channel) -> None:
    with pytest.raises(_native.StatusError, match="printable ASCII"):
        channel.unary("/test.Service/Echo", b"", [("key", "ü")])
    with pytest.raises(_native.StatusError, match="a key holds"):
        channel.unary("/test.Service/Echo", b"", [("KEY", "x")])
    with pytest.raises(TypeError, match="metadata is pairs"):
        channel.unary("/test.Service/Echo", b"", [("key", 5)])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="a message is bytes"):
        channel.unary("/test.Service/Echo", "text")  # type: ignore[arg-type]
