"""A handler calls its caller back, over the connection of its call, and the caller's services answer."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
from calling import PATIENCE, call, child_address, error_of, unary
from calling_back import NOT_OFFERED, by_caller, echoing, kept_channel, wait_for
from stubs import SERVICE, Ask, EchoStub, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[..., Any]


@pytest.fixture(params=["inline", "pool"])
def pool(request: pytest.FixtureRequest) -> Iterator[ThreadPoolExecutor | None]:
    """Run handlers inline, or on a pool."""
    with ThreadPoolExecutor(20) as made:
        yield made if request.param == "pool" else None


def all_kinds(channel: Any, _: bytes) -> bytes:
    """Call each kind of method of the caller's."""
    stub = EchoStub(channel)
    asks = [Ask(data=b"1"), Ask(data=b"2")]
    answers = [
        stub.Say(Ask(data=b"say")).data,
        stub.Say.future(Ask(data=b"future")).result(PATIENCE).data,
        stub.Collect(iter(asks)).data,
        *(answer.data for answer in stub.Repeat(Ask(data=b"again", order=Order(count=2)))),
        *(answer.data for answer in stub.Chat(iter(asks))),
    ]
    return b" ".join(answers)


@pytest.mark.parametrize("transport", ["unix", "shm", "tcp", "fifo"])
def test_a_handler_calls_all_kinds_of_its_caller_s_methods(
    address: str, transport: str, pool: ThreadPoolExecutor | None
) -> None:
    at = "tcp:127.0.0.1:0" if transport == "tcp" else f"{transport}:{address.partition(':')[2]}"
    server = samehost.Server(pool)
    server.add_registered_method_handlers(SERVICE, by_caller(all_kinds))
    port = server.add_insecure_port(at)
    server.start()
    with samehost.channel(at.replace(":0", f":{port}"), thread_pool=pool) as channel:
        assert call(echoing(channel)) == b"say future 12 again again 1 2"
    server.stop(None)


def test_a_child_calls_its_host_back() -> None:
    with samehost.channel(child_address("plugin.py")) as channel:
        answer = EchoStub(echoing(channel)).Say(Ask(data=b"of the host"))
    assert answer.data == b"the plugin has asked, and heard: of the host"


def test_calls_back_go_seven_deep_and_each_handler_waits(
    serve: Serve, pool: ThreadPoolExecutor | None
) -> None:
    def deeper(channel: Any, left: bytes) -> Any:
        return b"." if left == b"0" else b"(" + call(channel, b"%d" % (int(left) - 1)) + b")"

    channel = serve(by_caller(deeper), {"thread_pool": pool}, thread_pool=pool)
    channel.add_registered_method_handlers(SERVICE, by_caller(deeper))
    for _ in range(20):
        assert call(channel, b"7", timeout=PATIENCE) == b"(((((((.)))))))"


def test_a_handler_that_waits_for_its_call_back_holds_nobody_up(serve: Serve) -> None:
    begun, gate = threading.Semaphore(0), threading.Event()

    def slow(request: bytes, _: Any) -> bytes:
        if request == b"wait":
            begun.release()
            assert gate.wait(PATIENCE)
        return request

    def back(channel: Any, request: bytes) -> Any:
        return request if request == b"no back" else call(channel, request)

    channel = serve(by_caller(back))
    channel.add_registered_method_handlers(SERVICE, unary(slow))
    waiting = [channel.unary_unary(f"/{SERVICE}/Say").future(b"wait") for _ in range(3)]
    assert all(begun.acquire(timeout=PATIENCE) for _ in waiting)
    assert call(channel, b"no back", timeout=PATIENCE) == b"no back"
    assert call(channel, b"go", timeout=PATIENCE) == b"go"
    gate.set()
    assert [future.result(PATIENCE) for future in waiting] == [b"wait"] * 3


def test_many_calls_back_at_once_each_get_their_answer(serve: Serve) -> None:
    def back(channel: Any, _: bytes) -> bytes:
        begin = EchoStub(channel).Say.future
        futures = [begin(Ask(data=b"%d" % number)) for number in range(200)]
        assert [future.result(PATIENCE).data for future in futures] == [b"%d" % n for n in range(200)]
        return b"right"

    assert call(echoing(serve(by_caller(back)))) == b"right"


def test_a_channel_to_the_caller_goes_on_after_the_call_by_any_thread_while_the_client_is_idle(
    serve: Serve,
) -> None:
    _, caller = kept_channel(serve)
    for pause in (0, 0.05, 0.5):
        time.sleep(pause)
        with ThreadPoolExecutor(4) as threads:
            says = [threads.submit(EchoStub(caller).Say, Ask(data=b"%d" % number)) for number in range(8)]
            assert [say.result(PATIENCE).data for say in says] == [b"%d" % number for number in range(8)]


def test_a_channel_that_offers_services_costs_nothing_while_nobody_calls(serve: Serve) -> None:
    _, caller = kept_channel(serve)
    EchoStub(caller).Say(Ask())
    time.sleep(0.3)
    before = time.process_time()
    time.sleep(1)
    assert time.process_time() - before < 0.05
    assert EchoStub(caller).Say(Ask(data=b"still")).data == b"still"


def test_a_caller_that_offers_nothing_says_so_and_its_call_goes_on(serve: Serve) -> None:
    def back(channel: Any, _: bytes) -> bytes:
        error = error_of(lambda: call(channel))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        return str(error.details()).encode()

    channel = serve(by_caller(back))
    assert call(channel) == NOT_OFFERED.encode()
    assert call(channel) == NOT_OFFERED.encode()


def test_services_are_offered_before_the_first_call(serve: Serve) -> None:
    channel = serve(by_caller(all_kinds))
    # A stub may be there already, and there may be several services.
    say = channel.unary_unary(f"/{SERVICE}/Say")
    channel.add_registered_method_handlers("other.Service", unary(lambda *_: b""))
    echoing(channel)
    assert say(b"") == b"say future 12 again again 1 2"
    with pytest.raises(RuntimeError, match="before the channel is first used"):
        echoing(channel)


def test_what_a_servicer_of_the_caller_raises_is_told_as_a_server_s(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    _, caller = kept_channel(serve)
    error = error_of(lambda: EchoStub(caller).Say(Ask(order=Order(panic=True))))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, "Application error processing RPC")
    wait_for(lambda: "a secret of the handler" in caplog.text)
    error = error_of(lambda: EchoStub(caller).Say(Ask(order=Order(code=5, text="gone"))))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "gone")


def test_a_servicer_of_the_caller_sees_who_calls_back(serve: Serve) -> None:
    def tell(_: bytes, context: grpc.ServicerContext) -> bytes:
        known: Any = context.auth_context()
        return b" ".join([known["pid"][0], known["uid"][0]])

    channel = serve(by_caller(call))
    channel.add_registered_method_handlers(SERVICE, unary(tell))
    assert call(channel) == f"{os.getpid()} {os.getuid()}".encode()


def test_a_call_back_takes_metadata_there_and_back_and_compresses(serve: Serve) -> None:
    def tell(request: bytes, context: Any) -> bytes:
        context.send_initial_metadata((("first", "1"),))
        context.set_trailing_metadata(tuple(p for p in context.invocation_metadata() if p[0] == "key-bin"))
        return request if context.request_was_compressed() else b"not compressed"

    def back(channel: Any, request: bytes) -> bytes:
        method = channel.unary_unary(f"/{SERVICE}/Say")
        gzip = grpc.Compression.Gzip
        answer, ended = method.with_call(request, metadata=(("key-bin", b"\0"),), compression=gzip)
        assert ended.initial_metadata() == (("first", "1"),)
        assert ended.trailing_metadata() == (("key-bin", b"\0"),)
        return bytes(answer)

    channel = serve(by_caller(back))
    channel.add_registered_method_handlers(SERVICE, unary(tell))
    assert call(channel, b"x" * 10_000) == b"x" * 10_000


def test_a_channel_to_the_caller_compresses_where_it_is_told_to(serve: Serve) -> None:
    def back(request: bytes, context: Any) -> Any:
        return call(samehost.caller(context, grpc.Compression.Gzip), request)

    def compression_seen(_: bytes, context: Any) -> bytes:
        return b"%d" % context.request_was_compressed()

    channel = serve(unary(back))
    channel.add_registered_method_handlers(SERVICE, unary(compression_seen))
    assert call(channel) == b"1"


def test_the_limits_of_the_server_hold_for_what_comes_back(serve: Serve) -> None:
    def back(channel: Any, _: bytes) -> bytes:
        order = Order(bytes=200_000)
        return str(error_of(lambda: EchoStub(channel).Say(Ask(order=order))).code()).encode()

    channel = echoing(serve(by_caller(back), max_inbound_message_size=100_000))
    assert call(channel) == b"StatusCode.RESOURCE_EXHAUSTED"


def test_calls_back_run_on_the_pool_that_the_channel_was_given(serve: Serve) -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="of-the-test") as pool:
        channel = serve(by_caller(call), {"thread_pool": pool})
        handlers = unary(lambda *_: threading.current_thread().name.encode())
        channel.add_registered_method_handlers(SERVICE, handlers)
        assert call(channel).startswith(b"of-the-test")
        channel.close()


def test_interceptors_of_both_sides_see_calls_back(serve: Serve) -> None:
    seen: list[str] = []

    class OfTheServer(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            seen.append("calls")
            return continuation(details, request)

    class OfTheClient(grpc.ServerInterceptor):
        def intercept_service(self, continuation: Any, details: Any) -> Any:
            seen.append("is called")
            return continuation(details)

    def back(channel: Any, request: bytes) -> Any:
        return call(grpc.intercept_channel(channel, OfTheServer()), request)

    channel = serve(by_caller(back), {"server_interceptors": [OfTheClient()]})
    channel.add_registered_method_handlers(SERVICE, unary(lambda request, _: request))
    assert call(channel, b"x") == b"x"
    assert seen == ["calls", "is called"]


def test_only_a_context_of_ours_has_a_caller() -> None:
    with pytest.raises(TypeError, match="object is of no call"):
        samehost.caller(object())  # type: ignore[arg-type]
