"""The standard service of gRPC's interop tests, on an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.server.answers import false_claim, payload, wanted_status
from samehost_interop.stubs import Empty, messages, testing_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

_MICROSECONDS = 1e6


class TestService(testing_grpc.TestServiceServicer):  # type: ignore[misc]  # made by generate.py
    """Answers as it is asked to."""

    async def EmptyCall(self, request: Any, context: Any) -> Any:  # noqa: N802 the contract's
        """Answer with nothing."""
        del request, context
        return Empty()

    async def UnaryCall(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer with a payload of the size that is asked for."""
        await _check_compression(request, context)
        await _obey(request, context)
        context.set_compression(grpc.Compression.Gzip)
        if not request.response_compressed.value:
            context.disable_next_message_compression()
        return messages.SimpleResponse(payload=payload(request.response_size))

    async def StreamingOutputCall(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Answer with a message for each of the parameters."""
        await _obey(request, context)
        context.set_compression(grpc.Compression.Gzip)
        async for answer in _answers(request.response_parameters, context):
            yield answer

    async def StreamingInputCall(self, request_iterator: AsyncIterator[Any], context: Any) -> Any:  # noqa: N802
        """Answer with the sum of the payloads' sizes."""
        total = 0
        async for request in request_iterator:
            await _check_compression(request, context)
            total += len(request.payload.body)
        return messages.StreamingInputCallResponse(aggregated_payload_size=total)

    async def FullDuplexCall(  # noqa: N802
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Any]:
        """Answer each message as it comes."""
        async for request in request_iterator:
            await _obey(request, context)
            async for answer in _answers(request.response_parameters, context):
                yield answer

    async def HalfDuplexCall(  # noqa: N802
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Any]:
        """Take every message first, and then answer each."""
        for request in [request async for request in request_iterator]:
            async for answer in _answers(request.response_parameters, context):
                yield answer

    async def UnimplementedCall(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Say that it is not implemented, by any server."""
        del request
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "no server implements this method")


async def _obey(request: Any, context: Any) -> None:
    wanted = wanted_status(request)
    if wanted:
        await context.abort(*wanted)


async def _check_compression(request: Any, context: Any) -> None:
    claim = false_claim(request, context)
    if claim:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, claim)


async def _answers(parameters: Iterable[Any], context: Any) -> AsyncIterator[Any]:
    for one in parameters:
        if not one.compressed.value:
            context.disable_next_message_compression()
        if one.interval_us:
            await asyncio.sleep(one.interval_us / _MICROSECONDS)
        yield messages.StreamingOutputCallResponse(payload=payload(one.size))
