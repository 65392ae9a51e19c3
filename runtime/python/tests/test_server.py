"""A server starts, stops, finds handlers and runs them where it was told to, as grpcio's does."""

from __future__ import annotations

import contextvars
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
from calling import PATIENCE, call, error_of, unary
from echo import FOR_EVER, Echo
from stubs import SERVICE, Ask, EchoStub, Order, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Any]


def test_handlers_run_on_the_pool_that_the_server_was_given(serve: Serve) -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="of-the-test") as pool:
        channel = serve(unary(lambda *_: threading.current_thread().name.encode()), thread_pool=pool)
        assert call(channel).startswith(b"of-the-test")


def test_a_behaviour_may_have_a_pool_of_its_own(serve: Serve) -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="own") as pool:

        def behavior(*_: Any) -> bytes:
            return threading.current_thread().name.encode()

        behavior.experimental_thread_pool = pool  # type: ignore[attr-defined]
        assert call(serve(unary(behavior))).startswith(b"own")


def test_without_a_pool_a_handler_that_waits_holds_nobody_up(serve: Serve) -> None:
    gate = threading.Event()

    def behavior(request: bytes, _: Any) -> bytes:
        assert request != b"wait" or gate.wait(PATIENCE)
        return request

    channel = serve(unary(behavior))
    waiting = [channel.unary_unary(f"/{SERVICE}/Say").future(b"wait") for _ in range(3)]
    assert call(channel, b"go") == b"go"
    gate.set()
    assert [future.result(PATIENCE) for future in waiting] == [b"wait"] * 3


def test_more_calls_than_the_server_takes_are_refused(serve: Serve) -> None:
    gate = threading.Event()
    entered = threading.Semaphore(0)

    def behavior(*_: Any) -> bytes:
        entered.release()
        assert gate.wait(PATIENCE)
        return b""

    with ThreadPoolExecutor(4) as pool:
        channel = serve(unary(behavior), thread_pool=pool, maximum_concurrent_rpcs=2)
        begin = channel.unary_unary(f"/{SERVICE}/Say").future
        running = [begin(b""), begin(b"")]
        assert all(entered.acquire(timeout=PATIENCE) for _ in running)
        error = error_of(lambda: call(channel))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert error.details() == "the server runs 2 calls already and takes no more at once."
        gate.set()
        assert [future.result(PATIENCE) for future in running] == [b"", b""]
        # Room is made as soon as the pool is done with a call, which may be after its answer.
        until = time.monotonic() + PATIENCE
        while begin(b"").exception(PATIENCE) is not None:
            assert time.monotonic() < until


def test_without_a_pool_a_server_takes_no_more_calls_than_it_is_told_to_either(serve: Serve) -> None:
    gate = threading.Event()
    entered = threading.Event()

    def behavior(*_: Any) -> bytes:
        entered.set()
        assert gate.wait(PATIENCE)
        return b""

    channel = serve(unary(behavior), maximum_concurrent_rpcs=1)
    running = channel.unary_unary(f"/{SERVICE}/Say").future(b"")
    assert entered.wait(PATIENCE)
    assert error_of(lambda: call(channel)).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    gate.set()
    assert running.result(PATIENCE) == b""


def test_a_method_that_is_registered_anew_is_served_by_its_new_handler(serve: Serve) -> None:
    channel = serve(unary(lambda *_: b"old"))
    server: samehost.Server = serve.server  # type: ignore[attr-defined]
    assert call(channel) == b"old"
    server.add_registered_method_handlers(SERVICE, unary(lambda *_: b"new"))
    assert call(channel) == b"new"
    stream: Any = grpc.unary_stream_rpc_method_handler(lambda *_: iter([b"of", b"many"]))
    server.add_registered_method_handlers(SERVICE, {"Say": stream})
    assert list(channel.unary_stream(f"/{SERVICE}/Say")(b"")) == [b"of", b"many"]


def test_without_a_pool_each_call_has_a_context_of_variables_of_its_own(serve: Serve) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")

    def behavior(*_: Any) -> bytes:
        seen = variable.get()
        variable.set("of another call")
        return seen.encode()

    channel = serve(unary(behavior))
    assert [call(channel), call(channel)] == [b"none"] * 2


def test_an_unknown_method_is_unimplemented(serve: Serve) -> None:
    error = error_of(lambda: call(serve(), method="Gone"))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == f"Method not found: {SERVICE}/Gone"


def test_a_generic_handler_is_asked_where_none_is_registered(serve: Serve) -> None:
    asked: list[Any] = []

    class Generic(grpc.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            asked.append(handler_call_details)
            return grpc.unary_unary_rpc_method_handler(lambda request, _: request + b"!")

    channel = serve({}, handlers=[Generic()])
    assert call(channel, b"hey", metadata=(("k", "v"),)) == b"hey!"
    assert asked[0].method == f"/{SERVICE}/Say"
    assert ("k", "v") in asked[0].invocation_metadata


def test_what_is_no_generic_handler_is_refused(address: str) -> None:
    server = samehost.server(address)
    with pytest.raises(AttributeError, match="service"):
        server.add_generic_rpc_handlers([object()])  # type: ignore[list-item]


def test_a_server_starts_once(address: str) -> None:
    server = samehost.server(address)
    server.start()
    with pytest.raises(ValueError, match="already-started"):
        server.start()
    server.stop(None)


def test_an_address_in_use_says_so(serve: Serve, address: str) -> None:
    serve()
    other = samehost.Server()
    with pytest.raises(RuntimeError, match="a live server answers there"):
        other.add_insecure_port(address)


def test_a_port_is_not_secured_by_credentials_of_another_kind(address: str) -> None:
    with pytest.raises(TypeError, match=r"samehost\.ssl_server_credentials"):
        samehost.Server().add_secure_port(address, grpc.local_server_credentials())


def test_add_insecure_port_answers_a_number(address: str) -> None:
    assert samehost.Server().add_insecure_port(address) == 1


def test_stop_without_grace_fails_open_calls_and_waits(serve: Serve) -> None:
    stub = EchoStub(serve())
    future = stub.Say.future(Ask(order=Order(wait_millis=FOR_EVER)))
    stub.Say(Ask())
    server: samehost.Server = serve.server  # type: ignore[attr-defined]
    assert server.stop(None).is_set()
    assert server.wait_for_termination(timeout=0) is False
    assert future.exception(PATIENCE).code() is grpc.StatusCode.UNAVAILABLE


def test_stop_with_grace_lets_open_calls_end(serve: Serve) -> None:
    stub = EchoStub(serve())
    stub.Say(Ask())
    future = stub.Say.future(Ask(data=b"x", order=Order(wait_millis=100)))
    # Behind this one the server has seen the other.
    stub.Say(Ask())
    server: samehost.Server = serve.server  # type: ignore[attr-defined]
    stopped = server.stop(PATIENCE)
    assert future.result(PATIENCE).data == b"x"
    assert stopped.wait(PATIENCE)


def test_wait_for_termination_tells_that_its_time_is_over(serve: Serve) -> None:
    serve()
    server: samehost.Server = serve.server  # type: ignore[attr-defined]
    assert server.wait_for_termination(timeout=0.01) is True


def test_a_server_that_is_dropped_stops(address: str) -> None:
    server = samehost.server(address)
    echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
    server.start()
    del server
    with samehost.channel(address) as channel:
        assert error_of(lambda: EchoStub(channel).Say(Ask())).code() is grpc.StatusCode.UNAVAILABLE


def test_a_pool_that_was_shut_down_refuses_calls(serve: Serve) -> None:
    pool = ThreadPoolExecutor(1)
    channel = serve(thread_pool=pool)
    pool.shutdown()
    error = error_of(lambda: EchoStub(channel).Say(Ask()))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert error.details().endswith("the server was shut down.")


def test_interceptors_run_in_order_and_may_answer_themselves(serve: Serve) -> None:
    told: list[str] = []

    class Named(grpc.ServerInterceptor):
        def __init__(self, name: str) -> None:
            self._name = name

        def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            told.append(f"{self._name} {handler_call_details.method}")
            if dict(handler_call_details.invocation_metadata).get("stop") == self._name:
                return grpc.unary_unary_rpc_method_handler(
                    lambda _, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, self._name)
                )
            return continuation(handler_call_details)

    channel = serve(unary(lambda request, _: request), interceptors=[Named("a"), Named("b")])
    assert call(channel, b"x") == b"x"
    assert told == [f"a /{SERVICE}/Say", f"b /{SERVICE}/Say"]
    error = error_of(lambda: call(channel, metadata=(("stop", "a"),)))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert error.details() == "a"
    assert len(told) == 3


def test_an_interceptor_that_raises_fails_the_call_without_a_word(serve: Serve) -> None:
    class Raising(grpc.ServerInterceptor):
        def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            raise LookupError(continuation, handler_call_details)

    error = error_of(lambda: call(serve({}, interceptors=[Raising()])))
    assert error.code() is grpc.StatusCode.UNKNOWN
    assert error.details() == "Application error processing RPC"


def test_interceptors_and_handler_share_a_context_of_variables(serve: Serve) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")

    class Setting(grpc.ServerInterceptor):
        def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            seen = variable.get()
            variable.set(f"{seen} and set")
            return continuation(handler_call_details)

    with ThreadPoolExecutor(1) as pool:
        channel = serve(unary(lambda *_: variable.get().encode()), thread_pool=pool, interceptors=[Setting()])
        assert [call(channel), call(channel)] == [b"none and set"] * 2
