"""What a server on a loop does with its handlers, whatever they do."""

from __future__ import annotations

import asyncio
import contextvars
import os
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import echo as threads_echo
import grpc.aio
import pytest
import samehost.aio
from aio_echo import Echo, echoing, on_loop, say, serving, soon, unary, until
from echo import FOR_EVER
from stubs import SERVICE, Ask, EchoStub, Order, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PATH = f"/{SERVICE}/Say"
WAITING = Ask(order=Order(wait_millis=FOR_EVER))


async def refused(call: Any) -> tuple[grpc.StatusCode, str]:
    """Give how a call failed."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value.code(), raised.value.details() or ""


@on_loop
async def test_a_handler_is_cancelled_when_the_deadline_passes(address: str) -> None:
    async with echoing(address) as (echo, servicer):
        timeout = 0.2
        while not servicer.begun.is_set():  # a busy machine may need more time than that to reach the handler
            code, _ = await refused(echo.Say(WAITING, timeout=timeout))
            assert code is grpc.StatusCode.DEADLINE_EXCEEDED
            timeout *= 2
        await soon(servicer.cancelled.wait())


@on_loop
async def test_a_call_that_is_cancelled_by_the_time_it_comes_leaves_no_handler_behind(address: str) -> None:
    async def wait_for_ever(_: AsyncIterator[bytes], __: Any) -> None:
        await asyncio.sleep(3600)

    async def answer(request: bytes, _: Any) -> bytes:
        return request

    def frame(kind: int, flags: int, stream: int, word: int, payload: bytes) -> bytes:
        return struct.pack("<IBBHII", len(payload), kind, flags, 0, stream, word) + payload

    handlers = {"Chat": grpc.stream_stream_rpc_method_handler(wait_for_ever), **unary(answer)}
    async with serving(address, handlers, maximum_concurrent_rpcs=1) as channel:
        path = f"/{SERVICE}/Chat".encode()
        hello = b"\xf5SHOST\r\n" + frame(1, 0, 0, 0, b"\x08\x01\x10\x01")
        opened = frame(2, 0x04, 1, 1, struct.pack("<H", len(path)) + path + b"\0\0")
        reset = frame(6, 0, 1, 1, b"cancelled")
        ping = frame(8, 0, 0, 0, b"all read")
        reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix:"))
        writer.write(hello + opened + reset + ping)
        await reader.readuntil(b"all read")
        assert await say(channel)(b"there is room") == b"there is room"
        writer.close()


@on_loop
async def test_a_handler_is_cancelled_when_the_channel_goes(address: str) -> None:
    servicer = Echo()
    async with serving(address, servicer):
        other = samehost.aio.channel(address)
        call = EchoStub(other).Say(WAITING)
        await soon(servicer.begun.wait())
        await other.close()
        await soon(servicer.cancelled.wait())
        assert call.cancelled()


@on_loop
async def test_a_generator_of_responses_is_closed_when_its_call_is_cancelled(address: str) -> None:
    closed = asyncio.Event()

    async def endless(_: bytes, __: Any) -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(100_000)
        finally:
            await asyncio.sleep(0)
            closed.set()

    async with serving(address, {"Say": grpc.unary_stream_rpc_method_handler(endless)}) as channel:
        call = channel.unary_stream(PATH)(b"")
        await call.read()
        call.cancel()
        await soon(closed.wait())


@on_loop
async def test_an_exception_is_logged_and_not_told(address: str, caplog: pytest.LogCaptureFixture) -> None:
    async with echoing(address) as (echo, _):
        for call in (
            echo.Say(Ask(order=Order(panic=True))),
            echo.Repeat(Ask(order=Order(panic=True))).read(),
            echo.Collect([Ask(order=Order(panic=True))]),
            echo.Chat([Ask(order=Order(panic=True))]).read(),
        ):
            code, details = await refused(call)
            assert (code, details) == (grpc.StatusCode.UNKNOWN, "Application error processing RPC")
        assert caplog.text.count("a secret of the handler") >= 4
        assert (await echo.Say(Ask(data=b"ada"))).data == b"ada"


@on_loop
async def test_a_traceback_is_told_where_that_is_asked_for(address: str) -> None:
    async with echoing(address, send_tracebacks=True) as (echo, _):
        _, details = await refused(echo.Say(Ask(order=Order(panic=True))))
        assert "a secret of the handler" in details
        assert "aio_echo.py" in details


@on_loop
async def test_a_response_of_the_wrong_type_fails_its_call(address: str) -> None:
    class Wrong(Echo):
        async def Say(self, request: Any, context: Any) -> Any:  # noqa: N802
            del request, context
            return 7

    async with serving(address, Wrong()) as channel:
        code, details = await refused(EchoStub(channel).Say(Ask()))
        assert code is grpc.StatusCode.INTERNAL
        assert details.startswith("the message of the server cannot be encoded: ")


@on_loop
async def test_abort_ends_a_call_with_its_status_and_trailers(address: str) -> None:
    kept: list[Exception] = []

    async def abort(request: bytes, context: Any) -> bytes:
        try:
            await context.abort(grpc.StatusCode.ABORTED, "no", (("x-why", "because"),))
        except grpc.aio.AbortError as error:
            kept.append(error)
            if not request:
                raise
        with pytest.raises(grpc.aio.AbortError):
            await context.write(b"")
        with pytest.raises(grpc.aio.UsageError):
            await context.abort(grpc.StatusCode.ABORTED)
        return b"after all"

    async with serving(address, unary(abort)) as channel:
        for request in (b"", b"keep the exception back"):
            call = say(channel)(request)
            assert await refused(call) == (grpc.StatusCode.ABORTED, "no")
            assert (await call.trailing_metadata())["x-why"] == "because"
    assert len(kept) == 2


@on_loop
async def test_a_code_that_was_set_ends_the_call(address: str) -> None:
    async def decline(_: bytes, context: Any) -> None:
        context.set_code(grpc.StatusCode.OUT_OF_RANGE)
        context.set_details("too far")
        assert (context.code(), context.details()) == (grpc.StatusCode.OUT_OF_RANGE, "too far")

    async with serving(address, unary(decline)) as channel:
        assert await refused(say(channel)(b"")) == (grpc.StatusCode.OUT_OF_RANGE, "too far")


@on_loop
async def test_a_handler_that_waits_for_something_cancelled_cancels_its_call(address: str) -> None:
    async def wait(_: bytes, __: Any) -> bytes:
        other = asyncio.ensure_future(asyncio.sleep(3600))
        other.cancel()
        await other
        return b""

    async with serving(address, unary(wait)) as channel:
        code, _ = await refused(say(channel)(b""))
        assert code is grpc.StatusCode.CANCELLED


@on_loop
async def test_a_handler_reads_and_writes_by_its_context(address: str) -> None:
    async def double(_: Any, context: Any) -> None:
        while (request := await context.read()) is not grpc.aio.EOF:
            await context.write(request)
            await context.write(request)
        with pytest.raises(grpc.aio.UsageError):
            await context.send_initial_metadata(())

    async with serving(address, {"Say": grpc.stream_stream_rpc_method_handler(double)}) as channel:
        call = channel.stream_stream(PATH)([b"a", b"b"])
        assert [data async for data in call] == [b"a", b"a", b"b", b"b"]
        assert await call.code() is grpc.StatusCode.OK


@on_loop
async def test_a_handler_knows_its_caller_and_its_deadline(address: str) -> None:
    seen: list[Any] = []
    ended: list[Any] = []

    async def look(_: bytes, context: Any) -> bytes:
        context.add_done_callback(ended.append)
        seen.extend([context.peer(), context.time_remaining(), context.auth_context(), context.done()])
        seen.extend([context.peer_identity_key(), list(context.peer_identities()), context])
        return b""

    async with serving(address, unary(look)) as channel:
        await say(channel)(b"", timeout=30)
        peer, left, who, done, key, identities, context = seen
        assert peer.startswith("unix:")
        assert 0 < left <= 30
        assert who["pid"] == [str(os.getpid()).encode()]
        assert (key, identities) == ("uid", [str(os.getuid()).encode()])
        assert not done
        await until(lambda: ended == [context])
        assert context.done()
        assert not context.cancelled()


@on_loop
async def test_handlers_that_are_no_coroutines_run_on_the_pool(address: str) -> None:
    with ThreadPoolExecutor(4, thread_name_prefix="migrants") as pool:
        seen: set[str] = set()

        class Sync(threads_echo.Echo):
            def Say(self, request: Any, context: Any) -> Any:  # noqa: N802
                seen.add(threading.current_thread().name)
                assert context.is_active()
                assert context.peer().startswith("unix:")
                context.set_trailing_metadata((("x-a", "1"),))
                return super().Say(request, context)

        async with serving(address, Sync(), migration_thread_pool=pool) as channel:
            echo = EchoStub(channel)
            call = echo.Say(Ask(data=b"ada"))
            assert (await call).data == b"ada"
            assert (await call.trailing_metadata())["x-a"] == "1"
            assert (await echo.Collect([Ask(data=b"a"), Ask(data=b"b")])).data == b"ab"
            answers = [one.count async for one in echo.Repeat(Ask(data=b"a", order=Order(count=3)))]
            assert answers == [0, 1, 2]
            assert [one.data async for one in echo.Chat([Ask(data=b"a")])] == [b"a"]
            code, details = await refused(echo.Say(Ask(order=Order(code=5, text="no keys"))))
            assert (code, details) == (grpc.StatusCode.NOT_FOUND, "no keys")
            assert (await refused(echo.Say(Ask(order=Order(panic=True)))))[0] is grpc.StatusCode.UNKNOWN
            assert len(seen) >= 1
            assert all(name.startswith("migrants") for name in seen)


@on_loop
async def test_a_generator_on_the_pool_is_closed_when_its_call_is_cancelled(address: str) -> None:
    closed = threading.Event()

    def endless(_: bytes, __: Any) -> Iterator[bytes]:
        try:
            while True:
                yield bytes(100_000)
        finally:
            closed.set()

    async with serving(address, {"Say": grpc.unary_stream_rpc_method_handler(endless)}) as channel:
        call = channel.unary_stream(PATH)(b"")
        await call.read()
        call.cancel()
        await until(closed.is_set)


@on_loop
async def test_more_calls_than_allowed_are_refused(address: str) -> None:
    async with echoing(address, maximum_concurrent_rpcs=1) as (echo, servicer):
        held = echo.Say(WAITING)
        await soon(servicer.begun.wait())
        assert (await refused(echo.Say(Ask())))[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
        held.cancel()
        await soon(servicer.cancelled.wait())
        assert (await echo.Say(Ask(data=b"ada"), wait_for_ready=True)).data == b"ada"


@on_loop
async def test_a_method_that_nobody_serves_is_unimplemented(address: str) -> None:
    async with serving(address, {}) as channel:
        code, details = await refused(say(channel)(b""))
        assert (code, details) == (grpc.StatusCode.UNIMPLEMENTED, f"Method not found: {SERVICE}/Say")


@on_loop
async def test_a_request_that_is_missing_or_one_too_many_fails_its_call(address: str) -> None:
    async def answer(request: bytes, _: Any) -> bytes:
        return request

    async with serving(address, unary(answer)) as channel:
        call = channel.stream_unary(PATH)
        code, details = await refused(call([]))
        assert code is grpc.StatusCode.INTERNAL
        assert details == "the client ended a unary call without a message."
        code, details = await refused(call([b"", b""]))
        assert details == "the client sent more than one message in a unary call."


@on_loop
async def test_a_server_that_stops_lets_open_calls_end(address: str) -> None:
    server = samehost.aio.server(address)
    echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
    await server.start()
    with pytest.raises(grpc.aio.UsageError):
        await server.start()
    assert not await server.wait_for_termination(0.01)
    async with samehost.aio.channel(address) as channel:
        call = EchoStub(channel).Repeat(Ask(data=b"a", order=Order(count=1, wait_millis=300)))
        await call.read()
        stopping = asyncio.ensure_future(server.stop(30))
        assert await call.read() is grpc.aio.EOF
        await soon(stopping)
        assert await soon(server.wait_for_termination())
        assert (await refused(EchoStub(channel).Say(Ask())))[0] is grpc.StatusCode.UNAVAILABLE


@on_loop
async def test_a_server_that_stops_at_once_cancels_its_handlers(address: str) -> None:
    servicer = Echo()
    server = samehost.aio.server(address)
    echo_pb2_grpc.add_EchoServicer_to_server(servicer, server)
    await server.start()
    async with samehost.aio.channel(address) as channel:
        call = EchoStub(channel).Say(WAITING)
        await soon(servicer.begun.wait())
        begin = time.monotonic()
        await soon(server.stop(None))
        assert servicer.cancelled.is_set()
        assert (await refused(call))[0] is grpc.StatusCode.UNAVAILABLE
        assert time.monotonic() - begin < 3600


@on_loop
async def test_interceptors_see_calls_in_their_order_and_in_one_context(address: str) -> None:
    order: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("order", default=())

    class Named(grpc.aio.ServerInterceptor):
        def __init__(self, name: str) -> None:
            self.name = name

        async def intercept_service(self, continuation: Any, details: Any) -> Any:
            order.set((*order.get(), self.name))
            assert details.method == PATH
            if dict(details.invocation_metadata).get("x-refuse") == self.name:
                return None
            return await continuation(details)

    async def told(_: bytes, __: Any) -> bytes:
        return " ".join(order.get()).encode()

    interceptors = [Named("outer"), Named("inner")]
    async with serving(address, unary(told), interceptors=interceptors) as channel:
        assert await say(channel)(b"") == b"outer inner"
        assert await say(channel)(b"") == b"outer inner"
        code, _ = await refused(say(channel)(b"", metadata=(("x-refuse", "inner"),)))
        assert code is grpc.StatusCode.UNIMPLEMENTED


@on_loop
async def test_an_interceptor_that_raises_fails_the_call(address: str) -> None:
    class Raising(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation: Any, details: Any) -> Any:
            del continuation, details
            message = "a secret of the interceptor"
            raise ValueError(message)

    async with echoing(address, interceptors=[Raising()]) as (echo, _):
        code, details = await refused(echo.Say(Ask()))
        assert (code, details) == (grpc.StatusCode.UNKNOWN, "Application error processing RPC")


def test_what_is_no_interceptor_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        samehost.aio.server(address, interceptors=["me"])  # type: ignore[list-item]


@on_loop
async def test_an_address_that_is_taken_is_told(address: str) -> None:
    async with echoing(address):
        with pytest.raises(RuntimeError, match="in use"):
            samehost.aio.server(address)
        with pytest.raises(TypeError, match=r"samehost\.ssl_server_credentials"):
            samehost.aio.Server().add_secure_port(address, None)  # type: ignore[arg-type]
