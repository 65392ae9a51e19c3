"""The standard service of gRPC's interop tests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.server.answers import false_claim, payload, wanted_status
from samehost_interop.stubs import Empty, messages, testing_grpc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MICROSECONDS = 1e6


class TestService(testing_grpc.TestServiceServicer):  # type: ignore[misc]  # made by generate.py
    """Answers as it is asked to."""

    def __init__(self, *, compresses: bool) -> None:
        """Say whether answers may be compressed."""
        self._compression = grpc.Compression.Gzip if compresses else grpc.Compression.NoCompression

    def EmptyCall(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 the contract's
        """Answer with nothing."""
        del request, context
        return Empty()

    def UnaryCall(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answer with a payload of the size that is asked for."""
        _check_compression(request, context)
        _obey(request, context)
        context.set_compression(self._compression)
        if not request.response_compressed.value:
            context.disable_next_message_compression()
        return messages.SimpleResponse(payload=payload(request.response_size))

    def StreamingOutputCall(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        """Answer with a message for each of the parameters."""
        _obey(request, context)
        context.set_compression(self._compression)
        yield from _answers(request.response_parameters, context)

    def StreamingInputCall(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answer with the sum of the payloads' sizes."""
        total = 0
        for request in request_iterator:
            _check_compression(request, context)
            total += len(request.payload.body)
        return messages.StreamingInputCallResponse(aggregated_payload_size=total)

    def FullDuplexCall(  # noqa: N802
        self, request_iterator: Iterator[Any], context: grpc.ServicerContext
    ) -> Iterator[Any]:
        """Answer each message as it comes."""
        for request in request_iterator:
            _obey(request, context)
            yield from _answers(request.response_parameters, context)

    def HalfDuplexCall(  # noqa: N802
        self, request_iterator: Iterator[Any], context: grpc.ServicerContext
    ) -> Iterator[Any]:
        """Take every message first, and then answer each."""
        for request in list(request_iterator):
            yield from _answers(request.response_parameters, context)

    def UnimplementedCall(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Say that it is not implemented, by any server."""
        del request
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "no server implements this method")


def _obey(request: Any, context: grpc.ServicerContext) -> None:
    wanted = wanted_status(request)
    if wanted:
        context.abort(*wanted)


def _check_compression(request: Any, context: Any) -> None:
    claim = false_claim(request, context)
    if claim:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, claim)


def _answers(parameters: Iterable[Any], context: grpc.ServicerContext) -> Iterator[Any]:
    for one in parameters:
        if not one.compressed.value:
            context.disable_next_message_compression()
        if one.interval_us:
            time.sleep(one.interval_us / _MICROSECONDS)
        yield messages.StreamingOutputCallResponse(payload=payload(one.size))
