package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How calls and connections end: by a deadline, by either side, by a shutdown, by a death. */
@Timeout(120)
final class EndsTest {
  private static final byte[] REQUEST = "request".getBytes(UTF_8);

  /** A handler that answers when it is told to, and knows when its call was cancelled. */
  private static final class Held {
    final CompletableFuture<StreamObserver<byte[]>> called = new CompletableFuture<>();
    final CompletableFuture<Deadline> deadline = new CompletableFuture<>();
    final CountDownLatch cancelled = new CountDownLatch(1);

    private void handle(byte[] request, StreamObserver<byte[]> responses) {
      Context.current().addListener(context -> cancelled.countDown(), Runnable::run);
      deadline.complete(Context.current().getDeadline());
      called.complete(responses);
    }

    StreamObserver<byte[]> responses() throws Exception {
      return called.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    void awaitCancelled() throws InterruptedException {
      assertThat(cancelled.await(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    void answer() throws Exception {
      responses().onNext(REQUEST);
      responses().onCompleted();
    }
  }

  private static Future<byte[]> begin(Channel channel) {
    return ClientCalls.futureUnaryCall(channel.newCall(Echo.UNARY, CallOptions.DEFAULT), REQUEST);
  }

  private static Status failure(Future<byte[]> call) {
    ExecutionException failure =
        assertThrows(
            ExecutionException.class, () -> call.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS));
    return Status.fromThrowable(failure);
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aDeadlineIsTheHandlersTooAndCancelsIt(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      setting.start(Echo.unary(held::handle));
      ManagedChannel channel = setting.open();
      StatusRuntimeException failure =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  ClientCalls.blockingUnaryCall(
                      channel,
                      Echo.UNARY,
                      CallOptions.DEFAULT.withDeadlineAfter(3, TimeUnit.SECONDS),
                      REQUEST));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      assertThat(held.deadline.get()).isNotNull();
      held.awaitCancelled();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aClientThatCancelsCancelsTheHandler(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      setting.start(Echo.unary(held::handle));
      Future<byte[]> call = begin(setting.open());
      assertThat(held.responses()).isNotNull();
      assertThat(held.cancelled.getCount()).isEqualTo(1);
      call.cancel(true);
      held.awaitCancelled();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aHandlerThatEndsACallEarlyEndsItForTheClient(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(
          io.grpc.ServerServiceDefinition.builder(Echo.SERVICE)
              .addMethod(
                  Echo.COLLECT,
                  io.grpc.stub.ServerCalls.asyncClientStreamingCall(
                      responses -> {
                        responses.onError(Status.ABORTED.withDescription("enough").asException());
                        return new Ignoring();
                      }))
              .build());
      CompletableFuture<byte[]> answer = new CompletableFuture<>();
      StreamObserver<byte[]> requests =
          ClientCalls.asyncClientStreamingCall(
              setting.open().newCall(Echo.COLLECT, CallOptions.DEFAULT), new Completing(answer));
      requests.onNext(REQUEST);
      Status status = failure(answer);
      assertThat(status.getCode()).isEqualTo(Status.Code.ABORTED);
      assertThat(status.getDescription()).isEqualTo("enough");
    }
  }

  private static final class Ignoring implements StreamObserver<byte[]> {
    @Override
    public void onNext(byte[] value) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}
  }

  private record Completing(CompletableFuture<byte[]> answer) implements StreamObserver<byte[]> {
    @Override
    public void onNext(byte[] response) {
      answer.complete(response);
    }

    @Override
    public void onError(Throwable failure) {
      answer.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {}
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aServerThatIsShutDownFinishesItsCallsAndThenTerminates(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      Server server = setting.start(Echo.unary(held::handle));
      Future<byte[]> call = begin(setting.open());
      assertThat(held.responses()).isNotNull();
      server.shutdown();
      assertThat(server.awaitTermination(300, TimeUnit.MILLISECONDS)).isFalse();
      held.answer();
      assertThat(call.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(REQUEST);
      assertThat(server.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aServerThatIsShutDownNowEndsItsCallsAndTerminates(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      Server server = setting.start(Echo.unary(held::handle));
      Future<byte[]> call = begin(setting.open());
      assertThat(held.responses()).isNotNull();
      server.shutdownNow();
      assertThat(failure(call).getCode()).isAnyOf(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);
      held.awaitCancelled();
      assertThat(server.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aChannelThatIsShutDownFinishesItsCalls(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      setting.start(Echo.unary(held::handle));
      ManagedChannel channel = setting.open();
      Future<byte[]> call = begin(channel);
      assertThat(held.responses()).isNotNull();
      channel.shutdown();
      assertThat(channel.awaitTermination(300, TimeUnit.MILLISECONDS)).isFalse();
      held.answer();
      assertThat(call.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(REQUEST);
      assertThat(channel.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aClientThatDiesCancelsItsCalls(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which);
        Relay relay = Relay.to(setting)) {
      setting.start(Echo.unary(held::handle));
      Future<byte[]> call = begin(setting.openThrough(relay));
      assertThat(held.responses()).isNotNull();
      relay.cutServer();
      held.awaitCancelled();
      assertThat(call.isDone()).isFalse(); // its own end is open still
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aServerThatDiesFailsItsCallsAndTheNextOneConnectsAnew(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which);
        Relay relay = Relay.to(setting)) {
      Server first = setting.start(Echo.unary(held::handle));
      ManagedChannel channel = setting.openThrough(relay);
      Future<byte[]> call = begin(channel);
      assertThat(held.responses()).isNotNull();
      relay.cutClient();
      assertThat(failure(call).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      first.shutdownNow();
      assertThat(first.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
      setting.start(Echo.service());
      byte[] answer =
          ClientCalls.blockingUnaryCall(
              channel, Echo.UNARY, CallOptions.DEFAULT.withWaitForReady(), REQUEST);
      assertThat(answer).isEqualTo(REQUEST);
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aChannelWhoseServerWasShutDownConnectsToTheNextOne(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      ManagedChannel channel = null;
      for (int i = 0; i < 3; i++) {
        Server server = setting.start(Echo.service());
        if (channel == null) {
          channel = setting.open();
        }
        byte[] answer =
            ClientCalls.blockingUnaryCall(
                channel, Echo.UNARY, CallOptions.DEFAULT.withWaitForReady(), REQUEST);
        assertThat(answer).isEqualTo(REQUEST);
        server.shutdown();
        assertThat(server.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
      }
      assertThat(channel.getState(false)).isNotEqualTo(ConnectivityState.SHUTDOWN);
    }
  }
}
