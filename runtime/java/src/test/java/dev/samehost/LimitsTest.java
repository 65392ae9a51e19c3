package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Limits: what exceeds one fails alone, and the text names the option. */
@Timeout(Setting.PATIENCE_SECONDS)
final class LimitsTest {
  private static final Note LARGE =
      Note.newBuilder().setData(ByteString.copyFrom(new byte[100_000])).build();

  private static Status fails(EchoGrpc.EchoBlockingStub stub, Note request) {
    StatusRuntimeException failure =
        assertThrows(StatusRuntimeException.class, () -> stub.unary(request));
    assertThat(stub.unary(note("fine"))).isEqualTo(note("fine"));
    return failure.getStatus();
  }

  private static void assertExceeds(Status status, String side, String option) {
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription()).contains("exceeds maximum");
    assertThat(status.getDescription()).contains("the " + side + " takes");
    assertThat(status.getDescription()).contains(option);
  }

  @Test
  void aRequestOverTheServersLimitNamesItsOption() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server().addService(new EchoService()).maxInboundMessageSize(50_000));
      assertExceeds(fails(setting.blocking(), LARGE), "server", "maximum inbound message size");
    }
  }

  @Test
  void aResponseOverTheChannelsLimitNamesItsOption() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub stub =
          EchoGrpc.newBlockingStub(setting.open(setting.channel().maxInboundMessageSize(50_000)));
      assertExceeds(fails(stub, LARGE), "client", "maximum inbound message size");
    }
  }

  @Test
  void aResponseOverTheCallsLimitNamesItsOption() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub stub = setting.blocking().withMaxInboundMessageSize(50_000);
      assertExceeds(fails(stub, LARGE), "client", "maximum inbound message size");
    }
  }

  @Test
  void aRequestOverTheCallsOwnLimitIsCancelledAsInGrpc() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub stub = setting.blocking().withMaxOutboundMessageSize(50_000);
      Status status = fails(stub, LARGE);
      assertThat(status.getCode()).isEqualTo(Status.Code.CANCELLED);
      assertThat(status.getDescription()).contains("maximum outbound message size");
      assertThat(Status.fromThrowable(status.getCause()).getCode())
          .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }
  }

  @Test
  void metadataOverTheServersLimitNamesItsOption() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      Metadata metadata = new Metadata();
      metadata.put(Metadata.Key.of("large", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(9000));
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      StatusRuntimeException failure =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
                      .unary(note("x")));
      assertExceeds(failure.getStatus(), "server", "maximum inbound metadata size");
      assertThat(stub.unary(note("fine"))).isEqualTo(note("fine"));
    }
  }

  @Test
  void aServerThatTakesMoreMetadataGetsIt() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server().addService(new EchoService()).maxInboundMetadataSize(32_768));
      Metadata metadata = new Metadata();
      metadata.put(Metadata.Key.of("large", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(9000));
      assertThat(
              setting
                  .blocking()
                  .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
                  .unary(note("x")))
          .isEqualTo(note("x"));
    }
  }

  @Test
  void callsBeyondTheServersNumberWaitTheirTurn() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      AtomicInteger open = new AtomicInteger();
      AtomicInteger most = new AtomicInteger();
      Semaphore answers = new Semaphore(0);
      setting.start(
          setting
              .server()
              .maxConcurrentCallsPerConnection(3)
              .addService(
                  new EchoGrpc.EchoImplBase() {
                    @Override
                    public void unary(Note request, StreamObserver<Note> responses) {
                      most.accumulateAndGet(open.incrementAndGet(), Math::max);
                      answers.acquireUninterruptibly();
                      open.decrementAndGet();
                      responses.onNext(request);
                      responses.onCompleted();
                    }
                  }));
      EchoGrpc.EchoFutureStub stub = EchoGrpc.newFutureStub(setting.open());
      List<ListenableFuture<Note>> calls = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        calls.add(stub.unary(note("call " + i)));
      }
      answers.release(50);
      for (int i = 0; i < 50; i++) {
        assertThat(calls.get(i).get(60, TimeUnit.SECONDS)).isEqualTo(note("call " + i));
      }
      assertThat(most.get()).isAtMost(3);
    }
  }

  @Test
  void overTcpAMessageMayHaveFourMebibytesUnlessMoreIsAllowed() throws Exception {
    Note large = Note.newBuilder().setData(ByteString.copyFrom(new byte[5 << 20])).build();
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Server usual =
          setting.start(
              SamehostServerBuilder.forAddress("tcp:127.0.0.1:0").addService(new EchoService()));
      Status status = fails(over(setting, usual, 8 << 20), large);
      assertExceeds(status, "server", "maximum inbound message size");
      assertThat(status.getDescription()).contains("maximum of 4194304 bytes");
      Server larger =
          setting.start(
              SamehostServerBuilder.forAddress("tcp:127.0.0.1:0")
                  .maxInboundMessageSize(8 << 20)
                  .addService(new EchoService()));
      assertExceeds(
          fails(over(setting, larger, 0), large), "client", "maximum inbound message size");
      assertThat(over(setting, larger, 8 << 20).unary(large)).isEqualTo(large);
    }
  }

  private static EchoGrpc.EchoBlockingStub over(Setting setting, Server server, int limit) {
    SamehostChannelBuilder builder =
        SamehostChannelBuilder.forAddress(server.getListenSockets().get(0).toString());
    return EchoGrpc.newBlockingStub(
        setting.open(limit == 0 ? builder : builder.maxInboundMessageSize(limit)));
  }

  @Test
  void aMethodWhoseNameNoFrameTakesFailsAloneAndIsServedByNobody() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      String name = "samehost.test.Echo/" + "x".repeat(1_024);
      MethodDescriptor<Note, Note> method =
          EchoGrpc.getUnaryMethod().toBuilder().setFullMethodName(name).build();
      for (int i = 0; i < 2; i++) { // before there is a connection, and then
        ListenableFuture<Note> call =
            ClientCalls.futureUnaryCall(
                channel.newCall(method, CallOptions.DEFAULT), note("nobody"));
        ListenableFuture<Note> other = EchoGrpc.newFutureStub(channel).unary(note("fine"));
        ExecutionException failure = assertThrows(ExecutionException.class, call::get);
        assertThat(Status.fromThrowable(failure).getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
        assertThat(other.get()).isEqualTo(note("fine"));
      }
    }
  }
}
