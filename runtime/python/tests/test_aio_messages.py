"""What calls carry on a loop: messages, metadata, credentials, compression."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc.aio
import pytest
from aio_echo import echoing, on_loop, say, serving, unary
from stubs import Ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@on_loop
async def test_messages_that_cannot_be_encoded_or_decoded_fail_their_call(address: str) -> None:
    def refuse(_: Any) -> Any:
        message = "not mine"
        raise TypeError(message)

    async def echo(request: bytes, _: Any) -> bytes:
        return request

    async with serving(address, unary(echo)) as channel:
        path = say(channel)._method.path
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await channel.unary_unary(path, request_serializer=refuse)(b"")
        assert raised.value.code() is grpc.StatusCode.INTERNAL
        assert raised.value.details() == "the message of the client cannot be encoded: TypeError: not mine."
        call = channel.unary_unary(path, response_deserializer=refuse)(b"")
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
        assert raised.value.code() is grpc.StatusCode.INTERNAL
        assert raised.value.details() == "the message of the server cannot be decoded: TypeError: not mine."
        assert await call.code() is grpc.StatusCode.INTERNAL
        with pytest.raises(grpc.aio.AioRpcError, match="not mine"):
            await channel.stream_unary(path, response_deserializer=refuse)([b""])
        assert await say(channel)(b"ada") == b"ada"


@on_loop
async def test_metadata_travels_both_ways_with_its_duplicates(address: str) -> None:
    async def reflect(_: bytes, context: Any) -> bytes:
        sent = [(key, value) for key, value in context.invocation_metadata() if key.startswith("x-")]
        await context.send_initial_metadata(sent)
        context.set_trailing_metadata(sent)
        return b""

    given = grpc.aio.Metadata(("x-a", "1"), ("x-b-bin", b"\x00\xff"), ("x-a", "2"))
    async with serving(address, unary(reflect)) as channel:
        call = say(channel)(b"", metadata=given)
        await call
        assert await call.initial_metadata() == given
        assert (await call.trailing_metadata()).get_all("x-a") == ["1", "2"]
        call = say(channel)(b"", metadata=(("x-a", "3"),))
        assert (await call.initial_metadata())["x-a"] == "3"


@on_loop
async def test_headers_come_before_the_first_response(address: str) -> None:
    gate = asyncio.Event()

    async def late(_: bytes, context: Any) -> AsyncIterator[bytes]:
        await context.send_initial_metadata((("x-a", "1"),))
        await gate.wait()
        yield b"a"

    async with serving(address, {"Say": grpc.unary_stream_rpc_method_handler(late)}) as channel:
        call = channel.unary_stream(say(channel)._method.path)(b"")
        assert (await call.initial_metadata())["x-a"] == "1"
        gate.set()
        assert [data async for data in call] == [b"a"]


@on_loop
async def test_credentials_add_their_metadata(address: str) -> None:
    class Plugin(grpc.AuthMetadataPlugin):
        def __call__(self, context: Any, callback: Any) -> None:
            assert context.method_name == "Say"
            callback((("x-token", "open sesame"),), None)

    async def token(_: bytes, context: Any) -> bytes:
        return bytes(dict(context.invocation_metadata())["x-token"].encode())

    async with serving(address, unary(token)) as channel:
        call = say(channel)(b"", credentials=grpc.metadata_call_credentials(Plugin()), timeout=30)
        assert call.time_remaining() > 0
        assert await call == b"open sesame"


@on_loop
async def test_credentials_that_fail_fail_the_call(address: str) -> None:
    class Plugin(grpc.AuthMetadataPlugin):
        def __call__(self, _: Any, callback: Any) -> None:
            callback(None, OSError("no purse"))

    async with echoing(address) as (echo, _):
        credentials = grpc.metadata_call_credentials(Plugin())
        kinds: list[Callable[..., Any]] = [
            lambda: echo.Say(Ask(), credentials=credentials),
            lambda: echo.Collect([], credentials=credentials),
            lambda: echo.Repeat(Ask(), credentials=credentials).read(),
            lambda: echo.Chat([], credentials=credentials).read(),
        ]
        for begin in kinds:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await begin()
            assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
            assert "no purse" in (raised.value.details() or "")


@on_loop
async def test_messages_are_compressed_where_that_is_asked_for(address: str) -> None:
    async def alike(request: bytes, context: Any) -> bytes:
        context.set_compression(grpc.Compression.Gzip)
        if not context.request_was_compressed():
            context.disable_next_message_compression()
        return request

    async def each(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        context.set_compression(grpc.Compression.Gzip)
        async for request in requests:
            if context.request_was_compressed():
                context.disable_next_message_compression()
            yield request

    data = bytes(100_000)
    gzip = grpc.Compression.Gzip
    async with serving(address, unary(alike)) as channel:
        for compression in (None, gzip):
            call: Any = say(channel)(data, compression=compression)
            assert await call == data
            assert call.response_was_compressed() == (compression is gzip)
    async with serving(address, {"Say": grpc.stream_stream_rpc_method_handler(each)}) as channel:
        call = channel.stream_stream(say(channel)._method.path)(compression=gzip)
        for compress in (True, False, True):
            await call.write(data, compress=compress)
            assert await call.read() == data
            assert call.response_was_compressed() == (not compress)
