"""What others have written for grpcio runs unchanged: health, reflection, interceptors, OpenTelemetry."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
from calling import PATIENCE, call, error_of
from calling_back import by_caller
from echo import Echo
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import (  # type: ignore[import-untyped]
    reflection,
    reflection_pb2,
    reflection_pb2_grpc,
)
from opentelemetry.instrumentation import grpc as instrumentation
from opentelemetry.instrumentation.grpc import grpcext
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from stubs import SERVICE, Ask, EchoStub, Order, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[..., Any]


# They have no types.
OTEL: Any = instrumentation
EXTENSIONS: Any = grpcext


@pytest.fixture(params=["inline", "pool"])
def server(request: pytest.FixtureRequest, address: str) -> Iterator[samehost.Server]:
    """Give a server that serves nothing yet, with and without a pool."""
    with ThreadPoolExecutor(4) as pool:
        made = samehost.server(address, pool if request.param == "pool" else None)
        yield made
        made.stop(None)


@pytest.fixture
def channel(address: str) -> Iterator[grpc.Channel]:
    """Give a channel to the test's address."""
    with samehost.channel(address) as made:
        yield made


def test_health_is_checked(server: samehost.Server, channel: grpc.Channel) -> None:
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    server.start()
    stub = health_pb2_grpc.HealthStub(channel)
    assert stub.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
    error = error_of(lambda: stub.Check(health_pb2.HealthCheckRequest(service="none")))
    assert error.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("non_blocking", [True, False])
def test_health_is_watched_and_a_watcher_that_leaves_is_forgotten(
    server: samehost.Server, channel: grpc.Channel, non_blocking: bool
) -> None:
    servicer = health.HealthServicer(experimental_non_blocking=non_blocking)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.start()
    watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="a"))
    seen = [next(watch).status]
    for status in (health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING):
        servicer.set("a", status)
        seen.append(next(watch).status)
    assert seen == [
        health_pb2.HealthCheckResponse.SERVICE_UNKNOWN,
        health_pb2.HealthCheckResponse.SERVING,
        health_pb2.HealthCheckResponse.NOT_SERVING,
    ]
    assert len(servicer._send_response_callbacks["a"]) == 1
    watch.cancel()
    gone = threading.Event()
    for _ in range(PATIENCE * 100):
        if not servicer._send_response_callbacks["a"]:
            break
        gone.wait(0.01)
    assert not servicer._send_response_callbacks["a"]


def test_a_watcher_holds_no_thread_of_the_pool(address: str, channel: grpc.Channel) -> None:
    with ThreadPoolExecutor(1) as pool:
        server = samehost.server(address, pool)
        health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
        server.start()
        stub = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        assert stub.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
        server.stop(None)


def test_services_are_listed_by_reflection(server: samehost.Server, channel: grpc.Channel) -> None:
    echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
    reflection.enable_server_reflection((SERVICE, reflection.SERVICE_NAME), server)
    server.start()
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE),
    ]
    listed, described = stub.ServerReflectionInfo(iter(requests))
    names = [service.name for service in listed.list_services_response.service]
    assert SERVICE in names
    assert b"Collect" in described.file_descriptor_response.file_descriptor_proto[0]


def test_health_and_reflection_are_offered_by_a_channel(serve: Serve) -> None:
    def look(caller: Any, _: bytes) -> bytes:
        check = health_pb2_grpc.HealthStub(caller).Check(health_pb2.HealthCheckRequest())
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (listed,) = reflection_pb2_grpc.ServerReflectionStub(caller).ServerReflectionInfo(iter([request]))
        names = [service.name for service in listed.list_services_response.service]
        return f"{check.status} {names}".encode()

    channel = serve(by_caller(look))
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), channel)
    reflection.enable_server_reflection((SERVICE,), channel)
    assert call(channel) == f"{health_pb2.HealthCheckResponse.SERVING} ['{SERVICE}']".encode()


class Recording(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Sees calls of all kinds and how they end."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.ended: list[Any] = []

    def _intercept(self, continuation: Any, details: Any, request: Any) -> Any:
        self.seen.append(details.method)
        call = continuation(details, request)
        call.add_done_callback(lambda done: self.ended.append(done.code()))
        return call

    intercept_unary_unary: Any = _intercept
    intercept_unary_stream: Any = _intercept
    intercept_stream_unary: Any = _intercept
    intercept_stream_stream: Any = _intercept


def test_client_interceptors_see_calls_of_all_kinds(serve: Serve) -> None:
    recording = Recording()
    stub = EchoStub(grpc.intercept_channel(serve(), recording))
    assert stub.Say(Ask(data=b"x")).data == b"x"
    assert stub.Say.with_call(Ask(data=b"x"))[1].code() is grpc.StatusCode.OK
    assert stub.Say.future(Ask(data=b"x")).result(PATIENCE).data == b"x"
    assert stub.Collect(iter([Ask(data=b"y")])).data == b"y"
    assert len(list(stub.Repeat(Ask(order=Order(count=3))))) == 3
    assert len(list(stub.Chat(iter([Ask(), Ask()])))) == 2
    error = error_of(lambda: stub.Say(Ask(order=Order(code=5, text="gone"))))
    assert error.details() == "gone"
    assert [name.rpartition("/")[2] for name in recording.seen] == [
        *["Say"] * 3,
        "Collect",
        "Repeat",
        "Chat",
        "Say",
    ]
    waiting = threading.Event()
    for _ in range(PATIENCE * 100):
        if len(recording.ended) == 7:
            break
        waiting.wait(0.01)
    assert sorted(code.name for code in recording.ended) == ["NOT_FOUND", *["OK"] * 6]


@pytest.fixture
def spans() -> tuple[TracerProvider, InMemorySpanExporter]:
    """Keep spans in memory."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


def call_all(stub: Any) -> None:
    """Make a call of each kind, and one that fails."""
    stub.Say(Ask())
    stub.Collect(iter([Ask()]))
    list(stub.Repeat(Ask(order=Order(count=1))))
    list(stub.Chat(iter([Ask()])))
    error_of(lambda: stub.Say(Ask(order=Order(code=5, text="gone"))))


def wait_for_spans(exporter: InMemorySpanExporter, count: int) -> Any:
    """Wait until so many spans have ended; a server's ends behind the answer."""
    waiting = threading.Event()
    for _ in range(PATIENCE * 100):
        if len(exporter.get_finished_spans()) >= count:
            break
        waiting.wait(0.01)
    return exporter.get_finished_spans()


def check_spans(found: Any) -> None:
    """Each call has a span on both sides, of one trace, and the failed one says so."""
    assert sorted(f"{span.kind.name} {span.name.rpartition('/')[2]}" for span in found) == sorted(
        f"{kind} {name}"
        for kind in ("CLIENT", "SERVER")
        for name in ("Say", "Collect", "Repeat", "Chat", "Say")
    )
    assert len({span.context.trace_id for span in found}) == 5
    failed = [span for span in found if not span.status.is_ok and span.status.status_code.name == "ERROR"]
    assert [span.attributes["rpc.grpc.status_code"] for span in failed if span.kind.name == "CLIENT"] == [5]


def test_opentelemetry_s_interceptors_give_spans_on_both_sides(
    serve: Serve, spans: tuple[TracerProvider, InMemorySpanExporter]
) -> None:
    provider, exporter = spans
    plain = serve(interceptors=[OTEL.server_interceptor(tracer_provider=provider)])
    call_all(EchoStub(EXTENSIONS.intercept_channel(plain, OTEL.client_interceptor(tracer_provider=provider))))
    check_spans(wait_for_spans(exporter, 10))


def test_opentelemetry_s_spans_have_the_address_and_port_of_a_caller_over_tcp(
    spans: tuple[TracerProvider, InMemorySpanExporter],
) -> None:
    provider, exporter = spans
    server = samehost.Server(interceptors=[OTEL.server_interceptor(tracer_provider=provider)])
    echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
    port = server.add_insecure_port("tcp:127.0.0.1:0")
    server.start()
    with samehost.channel(f"tcp:127.0.0.1:{port}") as channel:
        EchoStub(channel).Say(Ask())
    (span,) = wait_for_spans(exporter, 1)
    server.stop(None)
    attributes = span.attributes
    assert (attributes["net.peer.ip"], attributes["net.peer.name"]) == ("127.0.0.1", "localhost")
    assert int(attributes["net.peer.port"]) not in (0, port)


@pytest.mark.parametrize("chosen", [None, OTEL.filters.negate(OTEL.filters.method_name("Say"))])
def test_opentelemetry_s_instrumentors_reach_our_channels_and_servers(
    serve: Serve,
    spans: tuple[TracerProvider, InMemorySpanExporter],
    monkeypatch: pytest.MonkeyPatch,
    chosen: Any,
) -> None:
    provider, exporter = spans
    # The instrumentor of servers does not give its provider away, so ours takes the program's.
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    client, server = OTEL.GrpcInstrumentorClient(chosen), OTEL.GrpcInstrumentorServer(chosen)
    client.instrument(tracer_provider=provider)
    server.instrument()
    try:
        channel = serve()
    finally:
        client.uninstrument()
        server.uninstrument()
    call_all(EchoStub(channel))
    if chosen is None:
        check_spans(wait_for_spans(exporter, 10))
    else:
        names = [span.name.rpartition("/")[2] for span in wait_for_spans(exporter, 6)]
        assert sorted(names) == ["Chat", "Chat", "Collect", "Collect", "Repeat", "Repeat"]


def test_opentelemetry_s_instrumentors_reach_calls_back(
    serve: Serve, spans: tuple[TracerProvider, InMemorySpanExporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, exporter = spans
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    client, server = OTEL.GrpcInstrumentorClient(), OTEL.GrpcInstrumentorServer()
    client.instrument(tracer_provider=provider)
    server.instrument()
    try:
        channel = serve(by_caller(lambda caller, data: EchoStub(caller).Collect(iter([Ask(data=data)])).data))
        echo_pb2_grpc.add_EchoServicer_to_server(Echo(), channel)
        assert call(channel, b"x") == b"x"
    finally:
        client.uninstrument()
        server.uninstrument()
    found = wait_for_spans(exporter, 4)
    assert sorted(f"{span.kind.name} {span.name.rpartition('/')[2]}" for span in found) == [
        *["CLIENT Collect", "CLIENT Say"],
        *["SERVER Collect", "SERVER Say"],
    ]
    assert len({span.context.trace_id for span in found}) == 1


def test_opentelemetry_s_filters_choose_what_is_traced(
    serve: Serve, spans: tuple[TracerProvider, InMemorySpanExporter]
) -> None:
    provider, exporter = spans
    chosen = OTEL.filters.negate(OTEL.filters.method_name("Say"))
    plain = serve(interceptors=[OTEL.server_interceptor(tracer_provider=provider, filter_=chosen)])
    call_all(EchoStub(plain))
    assert len(wait_for_spans(exporter, 3)) == 3
