package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.testkit.Bytes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls between us and stock grpc-java, either of which serves. */
@Timeout(120)
final class CallsTest {
  private static final Metadata.Key<String> TEXT =
      Metadata.Key.of("text", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<byte[]> BINARY =
      Metadata.Key.of("binary-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private static byte[] text(String text) {
    return text.getBytes(UTF_8);
  }

  private static byte[] unary(Channel channel, byte[] request) {
    return ClientCalls.blockingUnaryCall(channel, Echo.UNARY, CallOptions.DEFAULT, request);
  }

  /** Keeps what a call is told. */
  private static final class Observed implements StreamObserver<byte[]> {
    final BlockingQueue<Object> events = new LinkedBlockingQueue<>();

    @Override
    public void onNext(byte[] response) {
      events.add(response);
    }

    @Override
    public void onError(Throwable failure) {
      events.add(Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
      events.add(Status.OK);
    }

    Object next() throws InterruptedException {
      Object event = events.poll(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (event == null) {
        throw new AssertionError("nothing came");
      }
      return event;
    }
  }

  @ParameterizedTest
  @EnumSource
  void callsOfAllKindsAreServed(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Echo.service());
      Channel channel = setting.open();
      assertThat(unary(channel, text("one"))).isEqualTo(text("one"));
      List<String> repeated = new ArrayList<>();
      ClientCalls.blockingServerStreamingCall(
              channel, Echo.REPEAT, CallOptions.DEFAULT, text("again"))
          .forEachRemaining(response -> repeated.add(new String(response, UTF_8)));
      assertThat(repeated).containsExactly("again", "again", "again");
      Observed collected = new Observed();
      StreamObserver<byte[]> requests =
          ClientCalls.asyncClientStreamingCall(
              channel.newCall(Echo.COLLECT, CallOptions.DEFAULT), collected);
      for (String part : List.of("a", "b", "c")) {
        requests.onNext(text(part));
      }
      requests.onCompleted();
      assertThat(collected.next()).isEqualTo(text("abc"));
      assertThat(collected.next()).isEqualTo(Status.OK);
      Observed answers = new Observed();
      StreamObserver<byte[]> chat =
          ClientCalls.asyncBidiStreamingCall(
              channel.newCall(Echo.CHAT, CallOptions.DEFAULT), answers);
      for (String word : List.of("ping", "pong")) {
        chat.onNext(text(word));
        assertThat(answers.next()).isEqualTo(text(word));
      }
      chat.onCompleted();
      assertThat(answers.next()).isEqualTo(Status.OK);
    }
  }

  @ParameterizedTest
  @EnumSource
  void messagesOfAMebibyteAndOfNothingArriveWhole(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Echo.service());
      Channel channel = setting.open();
      byte[] large = Bytes.random(1 << 20, 1);
      for (int i = 0; i < 10; i++) {
        assertThat(unary(channel, large)).isEqualTo(large);
        assertThat(unary(channel, new byte[0])).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void metadataArriveInBothDirectionsWithDuplicatesInOrder(Setting.Case which) throws Exception {
    AtomicReference<Metadata> seen = new AtomicReference<>();
    ServerInterceptor mirror =
        new ServerInterceptor() {
          @Override
          public <Q, A> ServerCall.Listener<Q> interceptCall(
              ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            seen.set(headers);
            return next.startCall(new Mirrored<>(call, headers), headers);
          }
        };
    try (Setting setting = new Setting(which)) {
      setting.start(ServerInterceptors.intercept(Echo.service(), mirror));
      Metadata sent = new Metadata();
      for (String value : List.of("first", "second", "first")) {
        sent.put(TEXT, value);
      }
      sent.put(BINARY, new byte[] {0, -1, 10, 44});
      sent.put(BINARY, new byte[0]);
      AtomicReference<Metadata> headers = new AtomicReference<>();
      AtomicReference<Metadata> trailers = new AtomicReference<>();
      Channel channel =
          io.grpc.ClientInterceptors.intercept(
              setting.open(),
              MetadataUtils.newCaptureMetadataInterceptor(headers, trailers),
              MetadataUtils.newAttachHeadersInterceptor(sent));
      assertThat(unary(channel, text("x"))).isEqualTo(text("x"));
      for (Metadata arrived : List.of(seen.get(), headers.get(), trailers.get())) {
        assertThat(arrived.getAll(TEXT)).containsExactly("first", "second", "first").inOrder();
        List<byte[]> binary = new ArrayList<>();
        arrived.getAll(BINARY).forEach(binary::add);
        assertThat(binary.get(0)).isEqualTo(new byte[] {0, -1, 10, 44});
        assertThat(binary.get(1)).isEmpty();
      }
      // What HTTP/2 says for itself is nobody's metadata on our wire.
      Metadata ours = which.serves() ? seen.get() : headers.get();
      assertThat(ours.keys()).containsNoneOf("content-type", "te", "grpc-encoding");
    }
  }

  /** Sends the metadata of the request as headers and as trailers. */
  private static final class Mirrored<Q, A>
      extends io.grpc.ForwardingServerCall.SimpleForwardingServerCall<Q, A> {
    private final Metadata mirrored = new Metadata();

    private Mirrored(ServerCall<Q, A> call, Metadata request) {
      super(call);
      for (String value : request.getAll(TEXT)) {
        mirrored.put(TEXT, value);
      }
      for (byte[] value : request.getAll(BINARY)) {
        mirrored.put(BINARY, value);
      }
    }

    @Override
    public void sendHeaders(Metadata headers) {
      headers.merge(mirrored);
      super.sendHeaders(headers);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      trailers.merge(mirrored);
      super.close(status, trailers);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aStatusArrivesWithItsTextAndItsDetails(Setting.Case which) throws Exception {
    Metadata.Key<byte[]> details =
        Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);
    try (Setting setting = new Setting(which)) {
      setting.start(
          Echo.unary(
              (request, responses) -> {
                Metadata trailers = new Metadata();
                trailers.put(details, request);
                responses.onError(
                    Status.DATA_LOSS.withDescription("lost: é, 50 %").asException(trailers));
              }));
      Channel channel = setting.open();
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> unary(channel, new byte[] {1, 2, 3}));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DATA_LOSS);
      assertThat(failure.getStatus().getDescription()).isEqualTo("lost: é, 50 %");
      assertThat(failure.getTrailers().get(details)).isEqualTo(new byte[] {1, 2, 3});
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMethodThatNobodyHasIsUnimplemented(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Echo.service());
      Channel channel = setting.open();
      StatusRuntimeException failure =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  ClientCalls.blockingUnaryCall(
                      channel,
                      Echo.method("Missing", MethodType.UNARY),
                      CallOptions.DEFAULT,
                      text("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
      assertThat(failure).hasMessageThat().contains(Echo.SERVICE + "/Missing");
      assertThat(unary(channel, text("y"))).isEqualTo(text("y"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMessageAboveTheServersLimitFailsItsCallAndNoOther(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(setting.server().addService(Echo.service()).maxInboundMessageSize(100_000));
      Channel channel = setting.open();
      assertThat(unary(channel, text("x"))).isEqualTo(text("x"));
      Observed chat = new Observed();
      StreamObserver<byte[]> requests =
          ClientCalls.asyncBidiStreamingCall(channel.newCall(Echo.CHAT, CallOptions.DEFAULT), chat);
      requests.onNext(text("before"));
      assertThat(chat.next()).isEqualTo(text("before"));
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> unary(channel, new byte[5_000_000]));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      requests.onNext(text("after"));
      assertThat(chat.next()).isEqualTo(text("after"));
      requests.onCompleted();
      assertThat(chat.next()).isEqualTo(Status.OK);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMessageAboveTheClientsLimitFailsItsCallAndNoOther(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Echo.service());
      Channel channel = setting.open(setting.channel().maxInboundMessageSize(100_000));
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> unary(channel, new byte[1_000_000]));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(unary(channel, text("after"))).isEqualTo(text("after"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void healthIsServed(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      Server server = setting.start(new HealthStatusManager().getHealthService());
      assertThat(server.isShutdown()).isFalse();
      assertThat(
              HealthGrpc.newBlockingStub(setting.open())
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
    }
  }
}
