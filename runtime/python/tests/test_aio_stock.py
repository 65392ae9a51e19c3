"""Asynchronous servicers and interceptors of other packages: health, reflection, OpenTelemetry."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import grpc.aio
import pytest
import samehost.aio
from aio_echo import echoing, on_loop, say, serving, soon, unary, until
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import (  # type: ignore[import-untyped]
    reflection,
    reflection_pb2,
    reflection_pb2_grpc,
)
from opentelemetry import trace
from opentelemetry.instrumentation import grpc as instrumentation
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from stubs import SERVICE, Ask, Order

if TYPE_CHECKING:
    from collections.abc import Callable

# Its functions have no types.
UNTYPED: Any = instrumentation


@contextlib.asynccontextmanager
async def added(address: str, add: Callable[[Any], None]) -> Any:
    """Serve what is added."""
    server = samehost.aio.server(address)
    add(server)
    await server.start()
    async with samehost.aio.channel(address) as channel:
        yield channel
    await server.stop(None)


@on_loop
async def test_health_is_checked_and_watched(address: str) -> None:
    servicer = health.aio.HealthServicer()
    await servicer.set("it", health_pb2.HealthCheckResponse.SERVING)
    add = health_pb2_grpc.add_HealthServicer_to_server
    async with added(address, lambda server: add(servicer, server)) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="it")
        assert (await stub.Check(request)).status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.Check(health_pb2.HealthCheckRequest(service="other"))
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND
        watch = stub.Watch(request)
        assert (await soon(watch.read())).status == health_pb2.HealthCheckResponse.SERVING
        await servicer.enter_graceful_shutdown()
        assert (await soon(watch.read())).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()
        await until(lambda: not servicer._server_watchers)


@on_loop
async def test_a_synchronous_health_servicer_watches_on_a_thread(address: str) -> None:
    servicer = health.HealthServicer()
    servicer.set("it", health_pb2.HealthCheckResponse.SERVING)
    add = health_pb2_grpc.add_HealthServicer_to_server
    async with added(address, lambda server: add(servicer, server)) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="it"))
        assert (await soon(watch.read())).status == health_pb2.HealthCheckResponse.SERVING
        servicer.set("it", health_pb2.HealthCheckResponse.NOT_SERVING)
        assert (await soon(watch.read())).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()


@on_loop
async def test_reflection_lists_services(address: str) -> None:
    def add(server: Any) -> None:
        reflection.enable_server_reflection([SERVICE, reflection.SERVICE_NAME], server)

    async with added(address, add) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = [one async for one in stub.ServerReflectionInfo(iter([request]))]
        names = {service.name for service in answer.list_services_response.service}
        assert names == {SERVICE, reflection.SERVICE_NAME}


@on_loop
async def test_health_is_offered_by_a_channel(address: str) -> None:
    async def look(_: bytes, context: Any) -> bytes:
        stub = health_pb2_grpc.HealthStub(samehost.aio.caller(context))
        watch = stub.Watch(health_pb2.HealthCheckRequest(service="it"))
        seen = [(await watch.read()).status]
        await servicer.set("it", health_pb2.HealthCheckResponse.NOT_SERVING)
        return str([*seen, (await watch.read()).status]).encode()

    servicer = health.aio.HealthServicer()
    await servicer.set("it", health_pb2.HealthCheckResponse.SERVING)
    async with serving(address, unary(look)) as channel:
        health_pb2_grpc.add_HealthServicer_to_server(servicer, channel)
        assert await soon(say(channel)(b"")) == b"[1, 2]"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(spans: InMemorySpanExporter) -> TracerProvider:
    made = TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(spans))
    return made


async def call_each_kind(echo: Any) -> None:
    """Make a call of each kind, and one that fails."""
    assert (await echo.Say(Ask(data=b"a"))).data == b"a"
    assert (await echo.Collect([Ask(data=b"a")])).data == b"a"
    assert len([one async for one in echo.Repeat(Ask(order=Order(count=2)))]) == 2
    assert len([one async for one in echo.Chat([Ask(data=b"a")])]) == 1
    with pytest.raises(grpc.aio.AioRpcError, match="no keys"):
        await echo.Say(Ask(order=Order(code=5, text="no keys")))


@on_loop
async def test_opentelemetrys_interceptors_join_both_sides_of_each_call(
    address: str, spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    client = UNTYPED.aio_client_interceptors(tracer_provider=provider)
    server = UNTYPED.aio_server_interceptor(tracer_provider=provider)
    async with echoing(address, channel={"interceptors": client}, interceptors=[server]) as (echo, _):
        await call_each_kind(echo)
    await until(lambda: len(spans.get_finished_spans()) == 10)
    by_kind: dict[Any, set[Any]] = {}
    for span in spans.get_finished_spans():
        assert span.context is not None
        by_kind.setdefault(span.kind, set()).add(span.context.trace_id)
    assert by_kind[trace.SpanKind.CLIENT] == by_kind[trace.SpanKind.SERVER]
    assert len(by_kind[trace.SpanKind.CLIENT]) == 5


@on_loop
async def test_opentelemetrys_instrumentors_reach_channels_and_servers_made_here(address: str) -> None:
    client, server = UNTYPED.GrpcAioInstrumentorClient(), UNTYPED.GrpcAioInstrumentorServer()
    client.instrument()
    server.instrument()
    try:
        made = samehost.aio.channel(address)
        assert all(made.interceptors.values())
        async with echoing(address) as (echo, _):
            await call_each_kind(echo)
    finally:
        client.uninstrument()
        server.uninstrument()
    assert not any(samehost.aio.channel(address).interceptors.values())
