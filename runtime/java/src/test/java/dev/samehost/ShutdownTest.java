package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.call.QuietTime;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ending channels and servers, gently and at once, and leaving nothing behind. */
@Timeout(Setting.PATIENCE_SECONDS)
final class ShutdownTest {
  /** Answers when it is told to. */
  private static final class Held extends EchoGrpc.EchoImplBase {
    final CountDownLatch called = new CountDownLatch(1);
    final CountDownLatch answer = new CountDownLatch(1);

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      called.countDown();
      try {
        answer.await();
      } catch (InterruptedException e) {
        return;
      }
      responses.onNext(request);
      responses.onCompleted();
    }
  }

  private static Status failure(ListenableFuture<Note> call) {
    ExecutionException failure =
        assertThrows(ExecutionException.class, () -> call.get(60, TimeUnit.SECONDS));
    return Status.fromThrowable(failure.getCause());
  }

  @ParameterizedTest
  @EnumSource
  void aChannelThatIsShutDownEndsItsCallsAndTakesNoNewOnes(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      Held held = new Held();
      setting.start(setting.server().addService(held));
      ManagedChannel channel = setting.open();
      EchoGrpc.EchoFutureStub stub = EchoGrpc.newFutureStub(channel);
      ListenableFuture<Note> open = stub.unary(note("open"));
      held.called.await();
      channel.shutdown();
      Status late = failure(stub.unary(note("late")));
      assertThat(late.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(late.getDescription()).contains("the channel was shut down");
      assertThat(channel.isTerminated()).isFalse();
      held.answer.countDown();
      assertThat(open.get(60, TimeUnit.SECONDS)).isEqualTo(note("open"));
      assertThat(channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aChannelThatIsShutDownNowFailsItsCalls(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      Held held = new Held();
      setting.start(setting.server().addService(held));
      ManagedChannel channel = setting.open();
      ListenableFuture<Note> open = EchoGrpc.newFutureStub(channel).unary(note("open"));
      held.called.await();
      channel.shutdownNow();
      Status status = failure(open);
      assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(status.getDescription()).contains("the channel was shut down");
      assertThat(channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      held.answer.countDown();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aServerThatIsShutDownEndsItsCallsAndTakesNoNewOnes(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      Held held = new Held();
      Server server = setting.start(setting.server().addService(held));
      EchoGrpc.EchoFutureStub stub = EchoGrpc.newFutureStub(setting.open());
      ListenableFuture<Note> open = stub.unary(note("open"));
      held.called.await();
      server.shutdown();
      assertThat(failure(stub.unary(note("late"))).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(server.isTerminated()).isFalse();
      held.answer.countDown();
      assertThat(open.get(60, TimeUnit.SECONDS)).isEqualTo(note("open"));
      assertThat(server.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aBlockedCallerIsFreedByTheShutdownOfItsChannel() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Held held = new Held();
      setting.start(setting.server().addService(held));
      ManagedChannel channel = setting.open();
      Thread other =
          new Thread(
              () -> {
                try {
                  held.called.await();
                } catch (InterruptedException e) {
                  return;
                }
                channel.shutdownNow();
              });
      other.start();
      StatusRuntimeException failure =
          assertThrows(
              StatusRuntimeException.class,
              () -> EchoGrpc.newBlockingStub(channel).unary(note("x")));
      assertThat(failure.getStatus().getDescription()).contains("the channel was shut down");
      held.answer.countDown();
      other.join();
    }
  }

  @Test
  void anAddressInUseIsSaidByStart() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      IOException failure = assertThrows(IOException.class, () -> setting.server().build().start());
      assertThat(failure).hasMessageThat().contains("the address is in use");
    }
  }

  @ParameterizedTest
  @EnumSource
  void noThreadOfAConnectionIsLeftBehind(Setting.Transport transport) throws Exception {
    String address;
    // No reader leaves before all are there.
    try (QuietTime time = QuietTime.of(TimeUnit.HOURS.toNanos(1));
        Setting setting = new Setting(transport)) {
      address = setting.address();
      setting.startEcho();
      for (int i = 0; i < 10; i++) {
        setting.blocking().unary(note("x"));
      }
      // More where a reader that was relieved has yet to end.
      assertThat(threadsOf(address).size()).isAtLeast(20);
    }
    Set<Thread> left = threadsOf(address);
    for (Thread thread : left) {
      thread.join(TimeUnit.SECONDS.toMillis(Setting.PATIENCE_SECONDS));
    }
    assertThat(threadsOf(address)).isEmpty();
  }

  private static Set<Thread> threadsOf(String address) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().endsWith(" " + address))
        .collect(Collectors.toSet());
  }

  @ParameterizedTest
  @EnumSource
  void aServerThatIsShutDownNowCancelsTheContextsOfItsHandlers(Setting.Transport transport)
      throws Exception {
    CountDownLatch called = new CountDownLatch(1);
    CountDownLatch cancelled = new CountDownLatch(1);
    EchoGrpc.EchoImplBase listening =
        new EchoGrpc.EchoImplBase() {
          @Override
          public void unary(Note request, StreamObserver<Note> responses) {
            Context.current().addListener(context -> cancelled.countDown(), Runnable::run);
            called.countDown();
          }
        };
    try (Setting setting = new Setting(transport)) {
      Server server = setting.start(setting.server().addService(listening));
      ListenableFuture<Note> open = EchoGrpc.newFutureStub(setting.open()).unary(note("open"));
      called.await();
      server.shutdown();
      assertThat(cancelled.getCount()).isEqualTo(1);
      server.shutdownNow();
      assertThat(cancelled.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(failure(open).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }
}
