"""A handler's context tells of the call and takes what goes back, as grpcio's does."""

from __future__ import annotations

import math
import os
import threading
import types
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from calling import PATIENCE, call, error_of, unary
from samehost import _peers
from stubs import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Any]


def told_by(serve: Serve, ask: Callable[[grpc.ServicerContext], Any], **options: Any) -> Any:
    """Give what a handler learns of its context."""
    told: list[Any] = []

    def behavior(_: bytes, context: grpc.ServicerContext) -> bytes:
        told.append(ask(context))
        return b""

    call(serve(unary(behavior)), **options)
    return told[0]


def test_metadata_keeps_bytes_order_and_duplicates(serve: Serve) -> None:
    metadata = (("k", "1"), ("data-bin", b"\x00\xff"), ("k", "2"))
    got = told_by(serve, lambda context: context.invocation_metadata(), metadata=metadata)
    assert [tuple(pair) for pair in got if pair.key != "user-agent"] == list(metadata)
    assert got[0].value == "1"


def test_peer_is_in_grpc_s_notation_of_local_sockets(serve: Serve) -> None:
    assert told_by(serve, lambda context: context.peer()).startswith("unix:")


@pytest.mark.parametrize(
    ("address", "peer"),
    [("unix:/run/s", "unix:/run/s"), ("unix-abstract:name", "unix:@name"), ("stdio:", "unix:stdio")],
)
def test_every_link_inside_the_host_is_a_local_socket_to_grpc(address: str, peer: str) -> None:
    assert _peers.address(types.SimpleNamespace(address=address)) == peer  # type: ignore[arg-type]


def test_the_system_says_who_calls(serve: Serve, address: str) -> None:
    auth = told_by(serve, lambda context: (context.auth_context(), context.peer_identity_key()))
    assert auth == (
        {
            "transport_security_type": [b"local"],
            "address": [address.encode()],
            "pid": [str(os.getpid()).encode()],
            "uid": [str(os.getuid()).encode()],
            "gid": [str(os.getgid()).encode()],
        },
        "uid",
    )


def test_time_remaining_reaches_the_handler(serve: Serve) -> None:
    assert 0 < told_by(serve, lambda context: context.time_remaining(), timeout=60) <= 60


def test_without_a_deadline_time_remaining_is_endless(serve: Serve) -> None:
    assert told_by(serve, lambda context: context.time_remaining()) == math.inf


def test_what_remains_is_taken_as_a_timeout(serve: Serve) -> None:
    channel = serve(unary(lambda request, _: request))
    assert call(channel, b"x", timeout=math.inf) == b"x"
    assert channel.unary_unary(f"/{SERVICE}/Say").future(b"x", timeout=math.inf).result(PATIENCE) == b"x"


def test_headers_and_trailers_reach_the_caller(serve: Serve) -> None:
    def behavior(_: bytes, context: Any) -> bytes:
        context.send_initial_metadata((("early", "1"), ("early-bin", b"\x00")))
        with pytest.raises(ValueError, match="no longer allowed"):
            context.send_initial_metadata(())
        context.set_trailing_metadata((("late", "2"), ("late", "3")))
        assert context.trailing_metadata() == (("late", "2"), ("late", "3"))
        return b"ok"

    method = serve(unary(behavior)).unary_unary(f"/{SERVICE}/Say")
    _, done = method.with_call(b"")
    future = method.future(b"")
    assert future.result(PATIENCE) == b"ok"
    for each in (done, future):
        assert each.initial_metadata() == (("early", "1"), ("early-bin", b"\x00"))
        assert each.trailing_metadata() == (("late", "2"), ("late", "3"))
        assert each.trailing_metadata()[0].key == "late"


def test_a_code_that_is_set_ends_the_call_with_it(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    def behavior(_: bytes, context: Any) -> None:
        assert context.code() is None
        assert context.details() is None
        context.set_code(grpc.StatusCode.ALREADY_EXISTS)
        context.set_details("there")
        assert context.code() is grpc.StatusCode.ALREADY_EXISTS
        assert context.details() == b"there"

    error = error_of(lambda: call(serve(unary(behavior))))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    assert error.details() == "there"
    # No response is looked for, so none is missed.
    assert caplog.records == []


def test_what_is_no_code_is_unknown(serve: Serve) -> None:
    error = error_of(lambda: call(serve(unary(lambda _, context: context.set_code(7)))))  # type: ignore[arg-type]
    assert error.code() is grpc.StatusCode.UNKNOWN


def test_abort_ends_the_call_with_its_status_and_trailers(serve: Serve) -> None:
    def behavior(_: bytes, context: Any) -> None:
        context.set_trailing_metadata((("why", "because"),))
        context.abort(grpc.StatusCode.DATA_LOSS, "lost")

    error = error_of(lambda: call(serve(unary(behavior))))
    assert error.code() is grpc.StatusCode.DATA_LOSS
    assert error.details() == "lost"
    assert error.trailing_metadata() == (("why", "because"),)


def test_abort_with_ok_is_a_mistake_and_unknown(serve: Serve) -> None:
    behavior = unary(lambda _, context: context.abort(grpc.StatusCode.OK, "fine"))
    assert error_of(lambda: call(serve(behavior))).code() is grpc.StatusCode.UNKNOWN


def test_abort_with_status_takes_a_rich_status(serve: Serve) -> None:
    class Rich(grpc.Status):
        code = grpc.StatusCode.FAILED_PRECONDITION
        details = "not yet"
        trailing_metadata = (("grpc-status-details-bin", b"rich"), ("detail-bin", b"\x01"))

    error = error_of(lambda: call(serve(unary(lambda _, context: context.abort_with_status(Rich())))))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert error.details() == "not yet"
    assert ("detail-bin", b"\x01") in error.trailing_metadata()


def test_callbacks_run_when_the_caller_cancels_and_the_context_is_inactive(serve: Serve) -> None:
    ended = threading.Event()
    entered = threading.Event()
    seen: list[bool] = []

    def behavior(_: bytes, context: grpc.ServicerContext) -> bytes:
        seen.append(context.is_active())
        assert context.add_callback(ended.set)
        entered.set()
        assert ended.wait(PATIENCE)
        seen.extend([context.is_active(), context.add_callback(ended.set)])
        entered.clear()
        return b""

    future = serve(unary(behavior)).unary_unary(f"/{SERVICE}/Say").future(b"")
    assert entered.wait(PATIENCE)
    future.cancel()
    assert ended.wait(PATIENCE)
    while entered.is_set():
        threading.Event().wait(0.005)
    assert seen == [True, False, False]


def test_callbacks_run_when_the_call_ends_well(serve: Serve) -> None:
    ended = threading.Event()

    def behavior(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(lambda: print(int("none")))
        context.add_callback(ended.set)
        return b""

    call(serve(unary(behavior)))
    assert ended.wait(PATIENCE)


def test_a_handler_cancels_its_call(serve: Serve) -> None:
    error = error_of(lambda: call(serve(unary(lambda _, context: context.cancel()))))
    assert error.code() is grpc.StatusCode.CANCELLED


def test_sending_headers_after_the_end_raises_what_grpc_raises(serve: Serve) -> None:
    outcome: list[Any] = []
    ended = threading.Event()

    def behavior(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.cancel()
        try:
            context.send_initial_metadata(())
        except grpc.RpcError as error:
            outcome.append(error)
            raise
        finally:
            ended.set()
        return b""

    error_of(lambda: call(serve(unary(behavior))))
    assert ended.wait(PATIENCE)
    assert len(outcome) == 1
