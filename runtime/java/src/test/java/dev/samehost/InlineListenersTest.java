package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A channel that was given no executor: which listeners its reader calls, and what that spares. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class InlineListenersTest {
  private static final String READERS = "samehost-reader-";

  private static boolean isOnReader() {
    return Thread.currentThread().getName().startsWith(READERS);
  }

  /** Calls, and gives what {@code listener} says when the answer is there. */
  private static <T> CompletableFuture<T> call(ManagedChannel channel, Supplier<T> listener) {
    CompletableFuture<T> told = new CompletableFuture<>();
    EchoGrpc.newStub(channel).unary(note("x"), telling(told, listener));
    return told;
  }

  private static <T> StreamObserver<Note> telling(CompletableFuture<T> told, Supplier<T> listener) {
    return new StreamObserver<>() {
      @Override
      public void onNext(Note answer) {}

      @Override
      public void onError(Throwable failure) {
        told.completeExceptionally(failure);
      }

      @Override
      public void onCompleted() {
        told.complete(listener.get());
      }
    };
  }

  private static <T> T get(CompletableFuture<T> told)
      throws InterruptedException, ExecutionException, TimeoutException {
    return told.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /** Calls until the reader calls the listener, though loading its classes took its time. */
  private static void warmUp(ManagedChannel channel) throws Exception {
    boolean isWarm = false;
    for (int i = 0; i < 1_000 || !isWarm; i++) {
      isWarm = get(call(channel, InlineListenersTest::isOnReader));
    }
  }

  @Test
  void aFastListenerOfAUnaryCallIsCalledByTheThreadThatReads() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      warmUp(setting.open());
    }
  }

  @Test
  void aListenerThatWasLatelySlowIsCalledElsewhere() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      for (int i = 0; i < 50; i++) {
        get(
            call(
                channel,
                () -> {
                  Uninterruptibles.sleepUninterruptibly(1, TimeUnit.MILLISECONDS);
                  return true;
                }));
      }
      assertThat(get(call(channel, () -> Thread.currentThread().getName())))
          .startsWith("samehost-worker-");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aListenerThatWaitsHoldsUpNoOtherCallOfItsChannel(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      warmUp(channel);
      CountDownLatch mayGo = new CountDownLatch(1);
      CompletableFuture<Boolean> waiting = null;
      Set<CompletableFuture<Boolean>> all = ConcurrentHashMap.newKeySet();
      CountDownLatch inside = new CountDownLatch(1);
      while (inside.getCount() > 0) {
        waiting =
            call(
                channel,
                () -> {
                  if (isOnReader()) {
                    inside.countDown();
                    Uninterruptibles.awaitUninterruptibly(mayGo);
                  }
                  return true;
                });
        all.add(waiting);
        while (!waiting.isDone() && inside.getCount() > 0) {
          Thread.onSpinWait();
        }
      }
      for (int i = 0; i < 100; i++) {
        get(call(channel, () -> true));
        assertThat(EchoGrpc.newBlockingStub(channel).unary(note("y"))).isEqualTo(note("y"));
      }
      assertThat(waiting.isDone()).isFalse();
      mayGo.countDown();
      for (CompletableFuture<Boolean> each : all) {
        assertThat(get(each)).isTrue();
      }
      warmUp(channel); // whoever was relieved reads no more, and the channel is as good as new
    }
  }

  @ParameterizedTest
  @EnumSource
  void aListenerMayWaitForCallsOfItsOwnChannel(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      warmUp(channel);
      for (int i = 0; i < 100; i++) {
        Note answer =
            get(call(channel, () -> EchoGrpc.newBlockingStub(channel).unary(note("inner"))));
        assertThat(answer).isEqualTo(note("inner"));
      }
    }
  }

  @Test
  void whatAListenerLeavesItsThreadInterruptedWithIsGoneForTheNext() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      warmUp(channel);
      int interruptions = 0;
      while (interruptions < 10) {
        boolean interrupted =
            get(
                call(
                    channel,
                    () -> {
                      if (isOnReader()) {
                        Thread.currentThread().interrupt();
                      }
                      return isOnReader();
                    }));
        interruptions += interrupted ? 1 : 0;
        assertThat(get(call(channel, () -> isOnReader() && Thread.currentThread().isInterrupted())))
            .isFalse();
      }
    }
  }
}
