package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Deadlines: on both sides, and handed on. */
@Timeout(Setting.PATIENCE_SECONDS)
final class DeadlineTest {
  /** Never answers; tells what it sees of its context. */
  private static final class Sleeper extends EchoGrpc.EchoImplBase {
    final BlockingQueue<Deadline> deadlines = new LinkedBlockingQueue<>();
    final CompletableFuture<Throwable> cancelled = new CompletableFuture<>();

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      Context context = Context.current();
      context.addListener(c -> cancelled.complete(c.cancellationCause()), Runnable::run);
      if (context.getDeadline() != null) {
        deadlines.add(context.getDeadline());
      }
    }
  }

  /** Makes a call that has so much time. */
  private interface TimedCall {
    void make(long millis) throws Exception;
  }

  /** Gives calls ever more time, until one reaches the handler before it ends, busy or not. */
  private static StatusRuntimeException expire(Sleeper sleeper, TimedCall call) {
    StatusRuntimeException failure = null;
    for (long millis = 200; sleeper.deadlines.isEmpty(); millis *= 2) {
      long time = millis;
      failure = assertThrows(StatusRuntimeException.class, () -> call.make(time));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }
    return failure;
  }

  @ParameterizedTest
  @EnumSource
  void aBlockedCallEndsAtItsDeadlineAndTheTextSaysWhere(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      Sleeper sleeper = new Sleeper();
      setting.start(setting.server().addService(sleeper));
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      StatusRuntimeException failure =
          expire(
              sleeper,
              millis -> stub.withDeadlineAfter(millis, TimeUnit.MILLISECONDS).unary(note("slow")));
      assertThat(failure.getStatus().getDescription()).contains(setting.address());
      assertThat(failure.getStatus().getDescription()).contains("waiting for the ");
      assertThat(sleeper.cancelled.get(60, TimeUnit.SECONDS)).isNotNull();
    }
  }

  @Test
  void aBlockedCallThatNeverHalfClosesEndsAtItsDeadline() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub stub =
          setting
              .blocking()
              .withInterceptors(new NeverHalfClosing())
              .withDeadlineAfter(200, TimeUnit.MILLISECONDS);
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> stub.unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }
  }

  private static final class NeverHalfClosing implements ClientInterceptor {
    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
        @Override
        public void halfClose() {}
      };
    }
  }

  @Test
  void anAsynchronousCallEndsAtItsDeadline() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server().addService(new Sleeper()));
      StockStubsTest.Recorder answers = new StockStubsTest.Recorder();
      EchoGrpc.newStub(setting.open())
          .withDeadlineAfter(100, TimeUnit.MILLISECONDS)
          .unary(note("slow"), answers);
      answers.awaitEnd();
      assertThat(Status.fromThrowable(answers.failure).getCode())
          .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }
  }

  @Test
  void theDeadlineReachesTheHandler() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Sleeper sleeper = new Sleeper();
      setting.start(setting.server().addService(sleeper));
      ListenableFuture<Note> answer =
          EchoGrpc.newFutureStub(setting.open())
              .withDeadlineAfter(1000, TimeUnit.SECONDS)
              .unary(note("slow"));
      Deadline seen = sleeper.deadlines.poll(60, TimeUnit.SECONDS);
      long left = seen.timeRemaining(TimeUnit.SECONDS);
      assertThat(left).isAtMost(1000);
      assertThat(left).isAtLeast(900);
      assertThat(answer.isDone()).isFalse();
    }
  }

  @Test
  void theContextsDeadlineHoldsWhenItIsTheEarlierOne() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Sleeper sleeper = new Sleeper();
      setting.start(setting.server().addService(sleeper));
      EchoGrpc.EchoBlockingStub stub = setting.blocking().withDeadlineAfter(1000, TimeUnit.SECONDS);
      ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
      try {
        expire(
            sleeper,
            millis -> {
              try (Context.CancellableContext context =
                  Context.current().withDeadlineAfter(millis, TimeUnit.MILLISECONDS, clock)) {
                context.call(() -> stub.unary(note("slow")));
              }
            });
        assertThat(sleeper.deadlines.poll(60, TimeUnit.SECONDS).timeRemaining(TimeUnit.SECONDS))
            .isLessThan(100);
      } finally {
        clock.shutdownNow();
      }
    }
  }

  @Test
  void aDeadlineThatHasPassedFailsTheCallBeforeItLeaves() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      EchoGrpc.EchoBlockingStub stub =
          setting.blocking().withDeadline(Deadline.after(-1, TimeUnit.SECONDS));
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> stub.unary(note("late")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      assertThat(failure.getStatus().getDescription())
          .startsWith("ClientCall started after CallOptions deadline was exceeded");
    }
  }

  @Test
  void aCallThatWaitsForAServerEndsAtItsDeadline() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      EchoGrpc.EchoBlockingStub stub =
          setting.blocking().withWaitForReady().withDeadlineAfter(300, TimeUnit.MILLISECONDS);
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> stub.unary(note("nobody")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      assertThat(failure.getStatus().getDescription())
          .contains("waiting for a connection, as the last try failed: connecting to unix:");
    }
  }

  @Test
  void aCallThatWaitsForAServerThatIsSilentEndsAtItsDeadline(@TempDir Path folder)
      throws Exception {
    Path socket = folder.resolve("silent");
    ManagedChannel channel = SamehostChannelBuilder.forAddress("unix:" + socket).build();
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(socket));
      EchoGrpc.EchoBlockingStub stub =
          EchoGrpc.newBlockingStub(channel).withDeadlineAfter(300, TimeUnit.MILLISECONDS);
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> stub.unary(note("nobody")));
      assertThat(failure.getStatus().getDescription()).endsWith("waiting for a connection]");
    } finally {
      channel.shutdownNow();
    }
  }
}
