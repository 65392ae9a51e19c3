"""What applications do wrong fails their call with the catalogue's words, and tells a peer nothing else."""

from __future__ import annotations

import functools
import logging
import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from calling import PATIENCE, call, error_of, unary
from stubs import SERVICE, Ask, EchoStub, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[..., Any]


def raising(*_: Any) -> Any:
    """Fail as an application's own function may."""
    message = "no\nsuch thing"
    raise LookupError(message)


def test_an_exception_in_a_handler_is_logged_and_not_told(
    echo: Any, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    for begin in (
        lambda: echo.Say(Ask(order=Order(panic=True))),
        lambda: list(echo.Repeat(Ask(order=Order(panic=True)))),
        lambda: echo.Collect(iter([Ask(order=Order(panic=True))])),
        lambda: list(echo.Chat(iter([Ask(order=Order(panic=True))]))),
    ):
        error = error_of(begin)
        assert error.code() is grpc.StatusCode.UNKNOWN
        assert error.details() == "Application error processing RPC"
    if hasattr(serve, "server"):
        assert "a secret of the handler" in caplog.text
    assert echo.Say(Ask(data=b"still there")).data == b"still there"


def test_a_traceback_is_sent_where_the_server_is_told_to(serve: Serve) -> None:
    error = error_of(lambda: call(serve(unary(raising), send_tracebacks=True)))
    assert error.code() is grpc.StatusCode.UNKNOWN
    assert "in raising" in error.details()
    assert "LookupError: no\nsuch thing" in error.details()


def test_a_code_that_was_set_stands_when_the_handler_raises(serve: Serve) -> None:
    def behavior(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_code(grpc.StatusCode.OUT_OF_RANGE)
        context.set_details("too far")
        raise LookupError

    error = error_of(lambda: call(serve(unary(behavior))))
    assert error.code() is grpc.StatusCode.OUT_OF_RANGE
    assert error.details() == "too far"


@pytest.mark.parametrize("wrong", [None, 7, "text", Ask()])
def test_a_response_of_the_wrong_type_is_internal(serve: Serve, wrong: Any) -> None:
    handlers: Any = {
        "Say": grpc.unary_unary_rpc_method_handler(lambda *_: wrong),
        "Repeat": grpc.unary_stream_rpc_method_handler(lambda *_: [wrong]),
    }
    channel = serve(handlers)
    for begin in (
        lambda: call(channel),
        lambda: list(channel.unary_stream(f"/{SERVICE}/Repeat")(b"")),
    ):
        error = error_of(begin)
        assert error.code() is grpc.StatusCode.INTERNAL
        assert error.details().startswith("the message of the server cannot be encoded: TypeError: ")


def test_responses_that_are_no_iterable_are_the_handler_s_failure(serve: Serve) -> None:
    channel = serve({"Repeat": grpc.unary_stream_rpc_method_handler(lambda *_: 7)})
    error = error_of(lambda: list(channel.unary_stream(f"/{SERVICE}/Repeat")(b"")))
    assert error.details() == "Application error processing RPC"


def test_serializers_that_raise_on_the_server_are_internal(serve: Serve) -> None:
    handlers = {
        "Out": grpc.unary_unary_rpc_method_handler(lambda *_: b"", response_serializer=raising),
        "In": grpc.unary_unary_rpc_method_handler(lambda *_: b"", request_deserializer=raising),
        "Ins": grpc.stream_unary_rpc_method_handler(lambda requests, _: list(requests), raising),
    }
    channel = serve(handlers)
    out, into = error_of(lambda: call(channel, method="Out")), error_of(lambda: call(channel, method="In"))
    many = error_of(lambda: channel.stream_unary(f"/{SERVICE}/Ins")(iter([b"x"])))
    for error in (out, into, many):
        assert error.code() is grpc.StatusCode.INTERNAL
    assert out.details() == "the message of the server cannot be encoded: LookupError: no such thing."
    assert into.details() == many.details()
    assert into.details() == "the message of the client cannot be decoded: LookupError: no such thing."


def test_serializers_that_raise_on_the_client_are_internal(serve: Serve) -> None:
    channel = serve(
        {
            "Say": grpc.unary_unary_rpc_method_handler(lambda request, _: request),
            "Collect": grpc.stream_unary_rpc_method_handler(lambda requests, _: b"".join(requests)),
            "Repeat": grpc.unary_stream_rpc_method_handler(lambda request, _: [request] * 3),
        }
    )
    say = f"/{SERVICE}/Say"
    encoding = [
        lambda: channel.unary_unary(say, raising)(b""),
        lambda: channel.unary_unary(say, raising).with_call(b""),
        lambda: channel.unary_unary(say, raising).future(b"").result(),
        lambda: channel.unary_stream(f"/{SERVICE}/Repeat", raising)(b""),
        lambda: channel.stream_unary(f"/{SERVICE}/Collect", raising)(iter([b""])),
    ]
    decoding = [
        lambda: channel.unary_unary(say, None, raising)(b""),
        lambda: channel.unary_unary(say, None, raising).with_call(b""),
        lambda: channel.unary_unary(say, None, raising).future(b"").result(),
        lambda: list(channel.unary_stream(f"/{SERVICE}/Repeat", None, raising)(b"")),
        lambda: channel.stream_unary(f"/{SERVICE}/Collect", None, raising)(iter([b""])),
    ]
    for begins, text in (
        (encoding, "the message of the client cannot be encoded: LookupError: no such thing."),
        (decoding, "the message of the server cannot be decoded: LookupError: no such thing."),
    ):
        for begin in begins:
            error = error_of(begin)
            assert error.code() is grpc.StatusCode.INTERNAL
            assert error.details() == text


def test_requests_of_the_wrong_type_are_internal(serve: Serve) -> None:
    channel = serve(unary(lambda request, _: request))
    for wrong in (None, 7, "text"):
        error = error_of(functools.partial(call, channel, wrong))
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "the message of the client cannot be encoded: TypeError" in error.details()


def test_an_iterator_of_requests_that_raises_ends_the_call(echo: Any) -> None:
    def requests() -> Iterator[Any]:
        yield Ask(data=b"first")
        raising()

    for begin in (
        lambda: echo.Collect(requests()),
        lambda: echo.Collect.future(requests()).result(PATIENCE),
        lambda: list(echo.Chat(requests())),
    ):
        error = error_of(begin)
        assert error.code() is grpc.StatusCode.UNKNOWN
        assert error.details() == "the client's stream of requests failed: LookupError: no such thing."


def test_no_more_requests_are_asked_for_when_the_call_is_over(echo: Any) -> None:
    closed = threading.Event()

    def requests() -> Iterator[Any]:
        try:
            yield Ask(order=Order(code=5, text="enough"))
            while True:
                yield Ask()
        finally:
            closed.set()

    assert error_of(lambda: echo.Collect(requests())).details() == "enough"
    assert closed.wait(PATIENCE)


def test_a_generator_that_nobody_reads_to_its_end_is_closed_at_once(serve: Serve) -> None:
    closed = threading.Event()

    def responses(*_: Any) -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 1024
        finally:
            closed.set()

    channel = serve({"Repeat": grpc.unary_stream_rpc_method_handler(responses)})
    got = channel.unary_stream(f"/{SERVICE}/Repeat")(b"")
    next(got)
    got.cancel()
    assert closed.wait(PATIENCE)


def test_a_call_that_is_dropped_is_cancelled(serve: Serve) -> None:
    ended = threading.Event()

    def responses(_: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        context.add_callback(ended.set)
        while True:
            yield b"x"

    channel = serve({"Repeat": grpc.unary_stream_rpc_method_handler(responses)})
    got = channel.unary_stream(f"/{SERVICE}/Repeat")(b"")
    next(got)
    del got
    assert ended.wait(PATIENCE)


def test_a_handler_that_waits_for_requests_learns_of_a_cancellation(serve: Serve) -> None:
    seen: list[BaseException] = []
    ended = threading.Event()

    def collect(requests: Iterator[bytes], _: grpc.ServicerContext) -> bytes:
        try:
            list(requests)
        except grpc.RpcError as error:
            seen.append(error)
            raise
        finally:
            ended.set()
        return b""

    def requests() -> Iterator[bytes]:
        yield b"one"
        ended.wait(PATIENCE)

    channel = serve({"Collect": grpc.stream_unary_rpc_method_handler(collect)})
    future = channel.stream_unary(f"/{SERVICE}/Collect").future(requests())
    threading.Timer(0.05, future.cancel).start()
    assert ended.wait(PATIENCE)
    assert len(seen) == 1


def test_a_unary_call_with_no_request_or_with_two_fails(serve: Serve) -> None:
    channel = serve()
    method = channel.stream_unary(f"/{SERVICE}/Say")
    for requests, text in (
        ([], "the client ended a unary call without a message."),
        ([b"", b""], "the client sent more than one message in a unary call."),
    ):
        error = error_of(functools.partial(method, iter(requests)))
        assert error.code() is grpc.StatusCode.INTERNAL
        assert error.details() == text


def test_a_unary_call_with_no_response_or_with_two_fails(serve: Serve) -> None:
    channel = serve()
    for count, text in (
        (0, "the server ended a unary call without a message."),
        (2, "the server sent more than one message in a unary call."),
    ):
        data = Ask(order=Order(count=count)).SerializeToString()
        for begin in (
            lambda data=data: call(channel, data, "Repeat"),
            lambda data=data: channel.unary_unary(f"/{SERVICE}/Repeat").future(data).result(PATIENCE),
            lambda data=data: channel.stream_unary(f"/{SERVICE}/Repeat")(iter([data])),
        ):
            error = error_of(begin)
            assert error.code() is grpc.StatusCode.INTERNAL
            assert error.details() == text


def test_metadata_that_is_none_is_told_with_its_reason(serve: Serve) -> None:
    channel = serve()
    for begin in (
        lambda: EchoStub(channel).Say(Ask(), metadata=(("Not Allowed", "x"),)),
        lambda: EchoStub(channel).Repeat(Ask(), metadata=(("Not Allowed", "x"),)),
    ):
        error = error_of(begin)
        assert error.code() is grpc.StatusCode.INTERNAL
        assert error.details().startswith("metadata Not Allowed: ")


def test_trailers_that_are_none_fail_the_call(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    channel = serve(unary(lambda _, context: context.set_trailing_metadata((("Not Allowed", "x"),)) or b""))
    error = error_of(lambda: call(channel))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert error.details().startswith("metadata Not Allowed: ")


def test_a_callback_that_raises_is_logged(echo: Any, caplog: pytest.LogCaptureFixture) -> None:
    future = echo.Say.future(Ask(order=Order(wait_millis=50)))
    called = threading.Event()
    future.add_callback(raising)
    future.add_callback(called.set)
    future.result(PATIENCE)
    assert called.wait(PATIENCE)
    assert "LookupError" in caplog.text
