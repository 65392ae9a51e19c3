"""Stock stubs call a stock servicer, in every way and over every transport."""

from __future__ import annotations

import functools
import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
from calling import PATIENCE, child_address, error_of
from echo import FOR_EVER
from stubs import Ask, EchoStub, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_a_unary_call_answers_its_response(echo: Any) -> None:
    assert echo.Say(Ask(data=b"hello")).data == b"hello"


def test_with_call_answers_the_call_beside_the_response(echo: Any) -> None:
    response, call = echo.Say.with_call(Ask(data=b"hello"))
    assert response.data == b"hello"
    assert call.code() is grpc.StatusCode.OK
    assert call.done()
    assert call.result() is response


def test_a_future_has_the_response_when_it_is_there(echo: Any) -> None:
    future = echo.Say.future(Ask(data=b"hello"))
    assert future.result(timeout=PATIENCE).data == b"hello"
    assert future.exception() is None
    assert future.code() is grpc.StatusCode.OK
    assert future.done()
    assert not future.running()


def test_a_stream_of_requests_gets_one_response(echo: Any) -> None:
    requests = [Ask(data=b"ab"), Ask(data=b"c"), Ask()]
    assert echo.Collect(iter(requests)).data == b"abc"
    response, call = echo.Collect.with_call(iter(requests))
    assert response.count == 3
    assert call.code() is grpc.StatusCode.OK
    assert echo.Collect.future(iter(requests)).result(timeout=PATIENCE).count == 3


def test_a_request_gets_a_stream_of_responses(echo: Any) -> None:
    responses = echo.Repeat(Ask(data=b"x", order=Order(count=200)))
    assert [response.count for response in responses] == list(range(200))
    assert responses.code() is grpc.StatusCode.OK
    assert list(responses) == []


def test_streams_go_both_ways_at_once(echo: Any) -> None:
    answered = threading.Semaphore(1)

    def requests() -> Iterator[Any]:
        for index in range(50):
            # The next request is made only when the last one was answered.
            assert answered.acquire(timeout=PATIENCE)
            yield Ask(data=str(index).encode())

    got = []
    for response in echo.Chat(requests()):
        got.append(int(response.data))
        answered.release()
    assert got == list(range(50))


def test_a_message_larger_than_the_credit_passes_both_ways(echo: Any) -> None:
    data = bytes(range(256)) * 4096 * 3
    assert echo.Say(Ask(data=data)).data == data


def test_a_failure_has_its_code_and_text_and_is_a_call_and_a_future(echo: Any) -> None:
    error = error_of(lambda: echo.Say(Ask(order=Order(code=5, text="no such thing: \u00fc"))))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error.details() == "no such thing: \u00fc"
    assert all(isinstance(error, kind) for kind in (grpc.RpcError, grpc.Call, grpc.Future))
    assert error.exception() is error
    assert "NOT_FOUND" in str(error)
    assert "no such thing" in str(error)


def test_a_failed_future_raises_itself(echo: Any) -> None:
    future = echo.Say.future(Ask(order=Order(code=9, text="not now")))
    with pytest.raises(grpc.RpcError) as caught:
        future.result(timeout=PATIENCE)
    assert future.exception() is future
    assert future.traceback() is not None
    assert future.details() == "not now"
    assert caught.value is future


@pytest.mark.parametrize(
    "begin",
    [
        lambda echo, ask: echo.Say(ask),
        lambda echo, ask: echo.Say.future(ask).result(PATIENCE),
        lambda echo, ask: list(echo.Repeat(ask)),
        lambda echo, ask: echo.Repeat(ask).next(),
    ],
    ids=["blocking", "future", "stream", "next"],
)
def test_a_call_that_failed_goes_with_the_last_who_has_it(echo: Any, begin: Callable[..., Any]) -> None:
    gc.disable()
    try:
        try:
            begin(echo, Ask(order=Order(code=5, text="none")))
        except grpc.RpcError as error:
            call = weakref.ref(error)
        # It is its own exception, whose traceback must not hold it: it holds its channel.
        until = time.monotonic() + PATIENCE
        while call() is not None and time.monotonic() < until:
            time.sleep(0.01)
        assert call() is None
    finally:
        gc.enable()


def test_a_stream_that_fails_gives_what_came_before(echo: Any) -> None:
    responses = echo.Repeat(Ask(data=b"x", order=Order(count=3, code=10, text="enough")))
    got: list[int] = []
    with pytest.raises(grpc.RpcError) as caught:
        got.extend(response.count for response in responses)
    assert caught.value is responses
    assert responses.code() is grpc.StatusCode.ABORTED
    assert next(iter([responses])).details() == "enough"


def test_a_deadline_ends_a_call_of_each_kind(echo: Any) -> None:
    slow = Ask(order=Order(wait_millis=FOR_EVER, count=1))
    for begin in (
        lambda: echo.Say(slow, timeout=0.05),
        lambda: echo.Say.future(slow, timeout=0.05).result(),
        lambda: echo.Collect(iter([slow]), timeout=0.05),
        lambda: list(echo.Repeat(slow, timeout=0.05)),
        lambda: list(echo.Chat(iter([slow]), timeout=0.05)),
    ):
        error = error_of(begin)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert error.details().startswith("deadline exceeded after ")


def test_a_deadline_that_has_passed_fails_at_once(echo: Any) -> None:
    for timeout in (0, -1):
        error = error_of(functools.partial(echo.Say, Ask(), timeout=timeout))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_future_that_is_cancelled_says_so(echo: Any) -> None:
    future = echo.Say.future(Ask(order=Order(wait_millis=FOR_EVER)))
    assert future.is_active()
    with pytest.raises(grpc.FutureTimeoutError):
        future.result(timeout=0.01)
    assert future.cancel()
    assert future.cancelled()
    assert not future.cancel()
    with pytest.raises(grpc.FutureCancelledError):
        future.result()
    assert future.code() is grpc.StatusCode.CANCELLED


def test_a_stream_is_cancelled_from_another_thread(echo: Any) -> None:
    responses = echo.Repeat(Ask(order=Order(count=1, wait_millis=FOR_EVER)))
    next(responses)
    timer = threading.Timer(0.05, responses.cancel)
    timer.start()
    with pytest.raises(grpc.RpcError) as caught:
        next(responses)
    assert caught.value is responses
    assert responses.code() is grpc.StatusCode.CANCELLED
    timer.join()


def test_callbacks_run_once_when_a_call_ends(echo: Any) -> None:
    called = threading.Event()
    done: list[Any] = []
    may_end = threading.Event()

    def requests() -> Iterator[Ask]:
        assert may_end.wait(PATIENCE)
        yield Ask()

    future = echo.Collect.future(requests())
    assert future.add_callback(called.set)
    future.add_done_callback(done.append)
    may_end.set()
    future.result(timeout=PATIENCE)
    assert called.wait(PATIENCE)
    until = time.monotonic() + PATIENCE
    while not done and time.monotonic() < until:
        time.sleep(0.005)
    assert done == [future]
    assert not future.add_callback(called.set)
    future.add_done_callback(done.append)
    assert done == [future, future]


def test_many_threads_share_a_channel(echo: Any) -> None:
    wrong: list[int] = []

    def call(number: int) -> None:
        for index in range(20):
            data = f"{number} {index}".encode()
            if echo.Say(Ask(data=data)).data != data:
                wrong.append(number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_time_remaining_counts_down(echo: Any) -> None:
    responses = echo.Repeat(Ask(order=Order(wait_millis=FOR_EVER)), timeout=60)
    assert 0 < responses.time_remaining() <= 60
    responses.cancel()
    assert echo.Say.future(Ask()).time_remaining() is None


def test_streams_of_several_threads_that_wait_for_their_turn_to_open_all_go_on() -> None:
    # What others send fills the way, so that a call waits until it can be opened. It has two threads: one
    # sends, and one receives.
    asks = [Ask(data=bytes(100_000))] * 5
    with samehost.channel(child_address("worker.py")) as channel, ThreadPoolExecutor(5) as threads:
        chat = EchoStub(channel).Chat
        done = threads.map(lambda _: len(list(chat(iter(asks), timeout=PATIENCE))), range(400))
        assert list(done) == [5] * 400
