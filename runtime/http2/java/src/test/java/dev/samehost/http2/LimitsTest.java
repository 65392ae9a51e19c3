package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.SamehostServerBuilder;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The limits of a server of ours hold for clients of HTTP/2. */
@Timeout(120)
final class LimitsTest {
  private static final byte[] REQUEST = "request".getBytes(UTF_8);

  @Test
  void moreCallsThanAConnectionMayHaveWaitAtTheClient() throws Exception {
    BlockingQueue<StreamObserver<byte[]>> called = new LinkedBlockingQueue<>();
    try (Setting setting = new Setting(Setting.Case.SERVING_UNIX)) {
      setting.start(
          SamehostServerBuilder.forAddress(setting.address())
              .maxConcurrentCallsPerConnection(2)
              .addService(Echo.unary((request, responses) -> called.add(responses))));
      Channel channel = setting.open();
      List<Future<byte[]>> calls = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        calls.add(
            ClientCalls.futureUnaryCall(channel.newCall(Echo.UNARY, CallOptions.DEFAULT), REQUEST));
      }
      for (int i = 0; i < 5; i++) {
        StreamObserver<byte[]> one = called.poll(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(called.size()).isAtMost(1); // the other one that may be open
        one.onNext(REQUEST);
        one.onCompleted();
      }
      for (Future<byte[]> call : calls) {
        assertThat(call.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(REQUEST);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {9_000, 30_000})
  void metadataAboveTheLimitFailTheirCallAndNoOther(int bytes) throws Exception {
    BlockingQueue<StreamObserver<byte[]>> called = new LinkedBlockingQueue<>();
    try (Setting setting = new Setting(Setting.Case.SERVING_UNIX)) {
      setting.start(Echo.unary((request, responses) -> called.add(responses)));
      Channel channel = setting.open();
      Future<byte[]> other =
          ClientCalls.futureUnaryCall(channel.newCall(Echo.UNARY, CallOptions.DEFAULT), REQUEST);
      StreamObserver<byte[]> open = called.poll(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
      Metadata large = new Metadata();
      large.put(Metadata.Key.of("large", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(bytes));
      Channel heavy =
          ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(large));
      StatusRuntimeException failure =
          assertThrows(
              StatusRuntimeException.class,
              () -> ClientCalls.blockingUnaryCall(heavy, Echo.UNARY, CallOptions.DEFAULT, REQUEST));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      open.onNext(REQUEST);
      open.onCompleted();
      assertThat(other.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(REQUEST);
    }
  }

  @Test
  void metadataFitByTheirBytesAndNotByHowManyThereAre() throws Exception {
    Metadata many = new Metadata();
    for (int i = 0; i < 600; i++) {
      many.put(Metadata.Key.of("k" + i, Metadata.ASCII_STRING_MARSHALLER), "1");
    }
    try (Setting setting = new Setting(Setting.Case.SERVING_UNIX)) {
      setting.start(Echo.service());
      Channel channel =
          ClientInterceptors.intercept(
              setting.open(), MetadataUtils.newAttachHeadersInterceptor(many));
      assertThat(ClientCalls.blockingUnaryCall(channel, Echo.UNARY, CallOptions.DEFAULT, REQUEST))
          .isEqualTo(REQUEST);
    }
  }
}
