"""Lets OpenTelemetry's gRPC instrumentors take part: they replace functions of grpc that are not called here.

Where `GrpcInstrumentorClient().instrument()` or `GrpcInstrumentorServer().instrument()` was called, channels
and servers made afterwards by `samehost.channel` and `samehost.server` get the instrumentors' own
interceptors. Nothing is imported that the program has not imported itself.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import grpc.aio

_INSTRUMENTATION = "opentelemetry.instrumentation.grpc"


def of_channel(make: Callable[[], grpc.Channel], address: str) -> grpc.Channel:
    """Make a channel as the instrumentor of clients has it, or as it is where that is off."""
    instrumentor = _instrumentor("GrpcInstrumentorClient")
    if instrumentor is None:
        return make()
    made: grpc.Channel = instrumentor.wrapper_fn(lambda *_, **__: make(), None, (address,), {})
    return made


def of_server(interceptors: Sequence[grpc.ServerInterceptor]) -> Sequence[grpc.ServerInterceptor]:
    """Put the interceptor of servers before others where the instrumentor of servers is on."""
    instrumentor = _instrumentor("GrpcInstrumentorServer")
    if instrumentor is None:
        return interceptors
    chosen = instrumentor._filter  # noqa: SLF001 it says which calls are looked at, and nothing else does
    interceptor = sys.modules[_INSTRUMENTATION].server_interceptor(filter_=chosen)
    return (interceptor, *interceptors)


def of_aio_channel(
    interceptors: Sequence[grpc.aio.ClientInterceptor],
) -> Sequence[grpc.aio.ClientInterceptor]:
    """Put the interceptors of asyncio's clients before others where their instrumentor is on."""
    instrumentor = _instrumentor("GrpcAioInstrumentorClient")
    if instrumentor is None:
        return interceptors
    joined: Sequence[grpc.aio.ClientInterceptor] = instrumentor._add_interceptors(  # noqa: SLF001 as above
        None, {"interceptors": interceptors}
    )["interceptors"]
    return joined


def of_aio_server(interceptors: Sequence[grpc.aio.ServerInterceptor]) -> Sequence[grpc.aio.ServerInterceptor]:
    """Put the interceptor of asyncio's servers before others where their instrumentor is on."""
    instrumentor = _instrumentor("GrpcAioInstrumentorServer")
    if instrumentor is None:
        return interceptors
    chosen = instrumentor._filter  # noqa: SLF001 as above
    interceptor = sys.modules[_INSTRUMENTATION].aio_server_interceptor(filter_=chosen)
    return (interceptor, *interceptors)


def _instrumentor(name: str) -> Any:
    """Find an instrumentor, each of which there is one of, if it is on."""
    instrumentation = sys.modules.get(_INSTRUMENTATION)
    if instrumentation is None:
        return None
    kind = getattr(instrumentation, name)
    # Not by calling it: that would forget the filter it was made with.
    instrumentor = kind.__new__(kind)
    return instrumentor if instrumentor.is_instrumented_by_opentelemetry else None
