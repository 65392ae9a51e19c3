package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.call.Backoff;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connecting, waiting, losing the connection and finding a new one. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class ConnectivityTest {
  private static void awaitState(ManagedChannel channel, ConnectivityState wanted)
      throws InterruptedException {
    ConnectivityState seen;
    while ((seen = channel.getState(false)) != wanted) {
      CountDownLatch changed = new CountDownLatch(1);
      channel.notifyWhenStateChanged(seen, changed::countDown);
      assertThat(changed.await(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aChannelIsIdleThenReadyThenIdleAgainWhenItsServerHasGone(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      Server server = setting.startEcho();
      ManagedChannel channel = setting.open();
      assertThat(channel.getState(false)).isEqualTo(ConnectivityState.IDLE);
      channel.getState(true);
      awaitState(channel, ConnectivityState.READY);
      server.shutdownNow();
      awaitState(channel, ConnectivityState.IDLE);
      channel.shutdown();
      assertThat(channel.getState(false)).isEqualTo(ConnectivityState.SHUTDOWN);
    }
  }

  @Test
  void aFailureIsToldToCallsUntilTheWaitIsOver() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      ManagedChannel channel =
          setting.open(setting.channel().backoff(() -> Backoff.exponential(1L << 60, 1L << 60)));
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
      assertThrows(StatusRuntimeException.class, () -> stub.unary(note("x")));
      awaitState(channel, ConnectivityState.TRANSIENT_FAILURE);
      setting.startEcho();
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> stub.unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(failure.getStatus().getDescription()).contains("no such file");
      channel.resetConnectBackoff();
      assertThat(stub.unary(note("x"))).isEqualTo(note("x"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCallThatWaitsForReadyFindsTheServerThatStartsLater(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      ManagedChannel channel = setting.open();
      ListenableFuture<Note> answer =
          EchoGrpc.newFutureStub(channel).withWaitForReady().unary(note("early"));
      awaitState(channel, ConnectivityState.TRANSIENT_FAILURE);
      setting.startEcho();
      assertThat(answer.get(60, TimeUnit.SECONDS)).isEqualTo(note("early"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void callsGoOnAfterTheServerWasStartedAgain(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      ManagedChannel channel = setting.open();
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel).withWaitForReady();
      for (int i = 0; i < 5; i++) {
        Server server = setting.startEcho();
        assertThat(stub.unary(note("life " + i))).isEqualTo(note("life " + i));
        server.shutdown();
        assertThat(server.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  @Test
  void aCallInFlightFailsWhenItsServerGoesAndSaysSo() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      CountDownLatch called = new CountDownLatch(1);
      Server server =
          setting.start(
              setting
                  .server()
                  .addService(
                      new EchoGrpc.EchoImplBase() {
                        @Override
                        public void unary(Note request, StreamObserver<Note> responses) {
                          called.countDown();
                        }
                      }));
      ListenableFuture<Note> answer = EchoGrpc.newFutureStub(setting.open()).unary(note("x"));
      assertThat(called.await(60, TimeUnit.SECONDS)).isTrue();
      server.shutdownNow();
      ExecutionException failure =
          assertThrows(ExecutionException.class, () -> answer.get(60, TimeUnit.SECONDS));
      Status status = Status.fromThrowable(failure.getCause());
      assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(status.getDescription()).contains("the server was shut down");
    }
  }

  @Test
  void aChannelThatRestsLetsItsCallsGoOnAndMakesTheNextOnesElsewhere() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      BlockingClientCall<Note, Note> open = EchoGrpc.newBlockingV2Stub(channel).chat();
      open.write(note("before"));
      assertThat(open.read()).isEqualTo(note("before"));
      channel.enterIdle();
      awaitState(channel, ConnectivityState.IDLE);
      assertThat(EchoGrpc.newBlockingStub(channel).unary(note("next"))).isEqualTo(note("next"));
      open.write(note("after"));
      assertThat(open.read()).isEqualTo(note("after"));
      open.halfClose();
      assertThat(open.read()).isNull();
    }
  }

  @Test
  void theWaitsBetweenFailuresGrowAndAreAskedForInTurn() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    CountDownLatch enough = new CountDownLatch(3);
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      ManagedChannel channel =
          setting.open(
              setting
                  .channel()
                  .backoff(
                      () ->
                          new Backoff() {
                            @Override
                            public long nextNanos() {
                              enough.countDown();
                              return asked.incrementAndGet();
                            }

                            @Override
                            public void reset() {
                              asked.set(0);
                            }
                          }));
      ListenableFuture<Note> answer =
          EchoGrpc.newFutureStub(channel).withWaitForReady().unary(note("x"));
      assertThat(enough.await(60, TimeUnit.SECONDS)).isTrue();
      setting.startEcho();
      assertThat(answer.get(60, TimeUnit.SECONDS)).isEqualTo(note("x"));
    }
    Backoff backoff = Backoff.exponential(1000, 3000);
    long first = backoff.nextNanos();
    backoff.nextNanos();
    backoff.nextNanos();
    long fourth = backoff.nextNanos();
    assertThat(first).isAtLeast(800);
    assertThat(first).isAtMost(1200);
    assertThat(fourth).isAtLeast(2400);
    assertThat(fourth).isAtMost(3600);
    backoff.reset();
    assertThat(backoff.nextNanos()).isAtMost(1200);
  }
}
