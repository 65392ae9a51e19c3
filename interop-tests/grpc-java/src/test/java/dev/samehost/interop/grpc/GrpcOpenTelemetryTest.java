package dev.samehost.interop.grpc;

import static com.google.common.truth.Truth.assertThat;
import static java.util.stream.Collectors.toSet;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.opentelemetry.GrpcOpenTelemetry;
import io.grpc.opentelemetry.InternalGrpcOpenTelemetry;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.TestServiceGrpc;
import io.grpc.testing.integration.TestServiceImpl;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.testing.exporter.InMemoryMetricReader;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** grpc-opentelemetry measures and traces our channels and servers as it does grpc-java's own. */
@Timeout(60)
final class GrpcOpenTelemetryTest {
  private static final String METHOD = "grpc.testing.TestService/EmptyCall";

  @TempDir private Path folder;

  private final InMemoryMetricReader metrics = InMemoryMetricReader.create();
  private final InMemorySpanExporter spans = InMemorySpanExporter.create();

  /** One call between a channel and a server that grpc-opentelemetry was given both. */
  private void call() throws Exception {
    OpenTelemetrySdk sdk =
        OpenTelemetrySdk.builder()
            .setMeterProvider(SdkMeterProvider.builder().registerMetricReader(metrics).build())
            .setTracerProvider(
                SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(spans))
                    .build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
            .build();
    GrpcOpenTelemetry.Builder builder = GrpcOpenTelemetry.newBuilder().sdk(sdk);
    InternalGrpcOpenTelemetry.enableTracing(builder, true);
    GrpcOpenTelemetry telemetry = builder.build();
    ScheduledExecutorService timers = Executors.newScheduledThreadPool(1);
    SamehostServerBuilder serving =
        SamehostServerBuilder.forAddress(address()).addService(new TestServiceImpl(timers));
    telemetry.configureServerBuilder(serving);
    SamehostChannelBuilder calling = SamehostChannelBuilder.forAddress(address());
    telemetry.configureChannelBuilder(calling);
    Server server = serving.build().start();
    ManagedChannel channel = calling.build();
    try {
      TestServiceGrpc.newBlockingStub(channel).emptyCall(Empty.getDefaultInstance());
    } finally {
      channel.shutdownNow();
      server.shutdownNow();
      channel.awaitTermination(60, TimeUnit.SECONDS);
      server.awaitTermination(60, TimeUnit.SECONDS);
      timers.shutdownNow();
    }
  }

  private String address() {
    return "unix:" + folder.resolve("socket");
  }

  /** The server may note the end of a call a moment after the client has its answer. */
  private static void await(BooleanSupplier condition) throws InterruptedException {
    long until = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean() && System.nanoTime() - until < 0) {
      Thread.sleep(10);
    }
  }

  @Test
  void metricsOfBothSidesAreRecorded() throws Exception {
    call();
    await(() -> names(metrics.collectAllMetrics()).contains("grpc.server.call.duration"));
    Collection<MetricData> all = metrics.collectAllMetrics();
    assertThat(names(all))
        .containsAtLeast(
            "grpc.client.call.duration",
            "grpc.client.attempt.started",
            "grpc.client.attempt.duration",
            "grpc.client.attempt.sent_total_compressed_message_size",
            "grpc.client.attempt.rcvd_total_compressed_message_size",
            "grpc.server.call.started",
            "grpc.server.call.duration",
            "grpc.server.call.sent_total_compressed_message_size",
            "grpc.server.call.rcvd_total_compressed_message_size");
    for (String name : Set.of("grpc.client.call.duration", "grpc.server.call.duration")) {
      HistogramPointData point = point(all, name);
      assertThat(point.getCount()).isEqualTo(1);
      assertThat(point.getAttributes().get(AttributeKey.stringKey("grpc.method")))
          .isEqualTo(METHOD);
      assertThat(point.getAttributes().get(AttributeKey.stringKey("grpc.status"))).isEqualTo("OK");
    }
    assertThat(
            point(all, "grpc.client.call.duration")
                .getAttributes()
                .get(AttributeKey.stringKey("grpc.target")))
        .isEqualTo(address());
  }

  private static Set<String> names(Collection<MetricData> metrics) {
    return metrics.stream().map(MetricData::getName).collect(toSet());
  }

  private static HistogramPointData point(Collection<MetricData> metrics, String name) {
    MetricData metric =
        metrics.stream().filter(one -> one.getName().equals(name)).findFirst().orElseThrow();
    return metric.getHistogramData().getPoints().iterator().next();
  }

  @Test
  void theSpansOfBothSidesAreOfOneTrace() throws Exception {
    call();
    await(() -> spans.getFinishedSpanItems().size() >= 3);
    Set<String> names =
        spans.getFinishedSpanItems().stream().map(SpanData::getName).collect(toSet());
    String method = METHOD.replace('/', '.');
    assertThat(names).containsExactly("Sent." + method, "Attempt." + method, "Recv." + method);
    assertThat(spans.getFinishedSpanItems().stream().map(SpanData::getTraceId).collect(toSet()))
        .hasSize(1);
    assertThat(span("Recv." + method).getParentSpanId())
        .isEqualTo(span("Attempt." + method).getSpanId());
  }

  private SpanData span(String name) {
    return spans.getFinishedSpanItems().stream()
        .filter(span -> span.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
