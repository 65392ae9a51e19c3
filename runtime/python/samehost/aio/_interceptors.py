"""Runs the interceptors of a client: those of `grpc.aio`, whose own runner is bound to grpcio's core.

An interceptor gets the rest of the chain as a coroutine function; at its end a plain call begins.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc.aio

from samehost.aio._answered import AnsweredCall, IteratedStreamStreamCall, IteratedUnaryStreamCall

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    # Begins the plain call: (details, request or requests).
    Begin = Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[grpc.aio.Call]]


class Kind(NamedTuple):
    """One of the four kinds of methods, as interceptors see it."""

    interceptor: type
    method: str
    call: type
    # Makes a call of what an interceptor answered instead of one; the second is the call beneath, if any.
    shown: Callable[[Any, grpc.aio.Call | None], grpc.aio.Call]


UNARY_UNARY = Kind(
    grpc.aio.UnaryUnaryClientInterceptor,
    "intercept_unary_unary",
    grpc.aio.UnaryUnaryCall,
    lambda answer, _: AnsweredCall(answer),
)
UNARY_STREAM = Kind(
    grpc.aio.UnaryStreamClientInterceptor,
    "intercept_unary_stream",
    grpc.aio.UnaryStreamCall,
    IteratedUnaryStreamCall,
)
STREAM_UNARY = Kind(
    grpc.aio.StreamUnaryClientInterceptor,
    "intercept_stream_unary",
    grpc.aio.StreamUnaryCall,
    lambda answer, _: AnsweredCall(answer),
)
STREAM_STREAM = Kind(
    grpc.aio.StreamStreamClientInterceptor,
    "intercept_stream_stream",
    grpc.aio.StreamStreamCall,
    IteratedStreamStreamCall,
)
KINDS = (UNARY_UNARY, UNARY_STREAM, STREAM_UNARY, STREAM_STREAM)


def sorted_out(
    interceptors: Sequence[grpc.aio.ClientInterceptor],
) -> dict[Kind, tuple[grpc.aio.ClientInterceptor, ...]]:
    """Give each kind its interceptors, in their order. ValueError for one that is of none."""
    for interceptor in interceptors:
        if not isinstance(interceptor, tuple(kind.interceptor for kind in KINDS)):
            names = ", ".join(kind.interceptor.__name__ for kind in KINDS)
            message = f"{interceptor!r} is no interceptor of a client: it must be one of {names}"
            raise ValueError(message)  # noqa: TRY004 as grpcio
    return {kind: tuple(one for one in interceptors if isinstance(one, kind.interceptor)) for kind in KINDS}


class Chain:
    """The interceptors before one call; made for that call alone."""

    def __init__(
        self, kind: Kind, interceptors: tuple[grpc.aio.ClientInterceptor, ...], begin: Begin
    ) -> None:
        self._kind = kind
        self._interceptors = interceptors
        self._begin = begin
        self._last: grpc.aio.Call | None = None

    async def run(self, index: int, details: grpc.aio.ClientCallDetails, request: Any) -> grpc.aio.Call:
        """Run the interceptors from this one on, and begin the call behind the last one."""
        if index == len(self._interceptors):
            self._last = await self._begin(details, request)
            return self._last
        intercept: Callable[..., Awaitable[Any]] = getattr(self._interceptors[index], self._kind.method)
        answer = await intercept(functools.partial(self.run, index + 1), details, request)
        is_call = isinstance(answer, self._kind.call)
        shown: grpc.aio.Call = answer if is_call else self._kind.shown(answer, self._last)
        self._last = shown
        return shown
