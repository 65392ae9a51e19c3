package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cancellation, both ways. */
@Timeout(Setting.PATIENCE_SECONDS)
final class CancelTest {
  /** Never answers; tells when it was called and when it was cancelled. */
  private static final class Waiting extends EchoGrpc.EchoImplBase {
    final CountDownLatch called = new CountDownLatch(1);
    final CountDownLatch contextCancelled = new CountDownLatch(1);
    final CompletableFuture<Boolean> onCancel = new CompletableFuture<>();

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      Context.current().addListener(c -> contextCancelled.countDown(), Runnable::run);
      ServerCallStreamObserver<Note> call = (ServerCallStreamObserver<Note>) responses;
      call.setOnCancelHandler(() -> onCancel.complete(call.isCancelled()));
      called.countDown();
    }

    void awaitCancellation() throws Exception {
      assertThat(onCancel.get(60, TimeUnit.SECONDS)).isTrue();
      assertThat(contextCancelled.await(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCancelledFutureCancelsTheHandler(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      Waiting waiting = new Waiting();
      setting.start(setting.server().addService(waiting));
      ListenableFuture<Note> answer = EchoGrpc.newFutureStub(setting.open()).unary(note("x"));
      assertThat(waiting.called.await(60, TimeUnit.SECONDS)).isTrue();
      answer.cancel(true);
      waiting.awaitCancellation();
    }
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptedCallerReturnsAtOnceAndCancelsTheHandler(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      Waiting waiting = new Waiting();
      setting.start(setting.server().addService(waiting));
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      AtomicReference<Status> outcome = new AtomicReference<>();
      CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
      Thread caller =
          new Thread(
              () -> {
                try {
                  stub.unary(note("x"));
                } catch (StatusRuntimeException e) {
                  outcome.set(e.getStatus());
                }
                interrupted.complete(Thread.currentThread().isInterrupted());
              });
      caller.start();
      assertThat(waiting.called.await(60, TimeUnit.SECONDS)).isTrue();
      caller.interrupt();
      assertThat(interrupted.get(60, TimeUnit.SECONDS)).isTrue();
      assertThat(outcome.get().getCode()).isEqualTo(Status.Code.CANCELLED);
      waiting.awaitCancellation();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCancelledContextCancelsABlockedCall(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      Waiting waiting = new Waiting();
      setting.start(setting.server().addService(waiting));
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      Context.CancellableContext context = Context.current().withCancellation();
      Thread other =
          new Thread(
              () -> {
                awaitQuietly(waiting.called);
                context.cancel(new RuntimeException("changed my mind"));
              });
      other.start();
      StatusRuntimeException failure =
          assertThrows(
              StatusRuntimeException.class, () -> context.call(() -> stub.unary(note("x"))));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.CANCELLED);
      waiting.awaitCancellation();
      other.join();
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aCancelInsideOnMessageEndsTheCallThoughItsStatusWaits() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ClientCall<Note, Note> call =
          setting.open().newCall(EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT);
      CompletableFuture<Status> outcome = new CompletableFuture<>();
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onMessage(Note message) {
              call.cancel("enough", null); // the OK is behind this message already
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
              outcome.complete(status);
            }
          },
          new Metadata());
      call.request(2);
      call.sendMessage(note("x"));
      call.halfClose();
      Status status = outcome.get(60, TimeUnit.SECONDS);
      assertThat(status.getCode()).isEqualTo(Status.Code.CANCELLED);
      assertThat(status.getDescription()).isEqualTo("enough");
    }
  }

  @Test
  void aListenerThatThrowsCancelsItsCall() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ClientCall<Note, Note> call =
          setting.open().newCall(EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT);
      CompletableFuture<Status> outcome = new CompletableFuture<>();
      RuntimeException bug = new RuntimeException("a bug");
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onMessage(Note message) {
              throw bug;
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
              outcome.complete(status);
            }
          },
          new Metadata());
      call.request(2);
      call.sendMessage(note("x"));
      call.halfClose();
      Status status = outcome.get(60, TimeUnit.SECONDS);
      assertThat(status.getCode()).isEqualTo(Status.Code.CANCELLED);
      assertThat(status.getCause()).isSameInstanceAs(bug);
    }
  }

  @Test
  void aListenerThatFailsAtTheHeadersIsToldOfTheEndAlone() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ClientCall<Note, Note> call =
          setting.open().newCall(EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT);
      CompletableFuture<Status> outcome = new CompletableFuture<>();
      AtomicInteger others = new AtomicInteger();
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onHeaders(Metadata headers) {
              throw new IllegalStateException("a bug");
            }

            @Override
            public void onMessage(Note message) {
              others.incrementAndGet();
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
              if (!outcome.complete(status)) {
                others.incrementAndGet();
              }
            }
          },
          new Metadata());
      call.request(2);
      call.sendMessage(note("x"));
      call.halfClose();
      assertThat(outcome.get(60, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.CANCELLED);
      assertThat(others.get()).isEqualTo(0);
    }
  }

  @Test
  void aHandlerThatAbortsAStreamEndsItForTheClient() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(
          setting
              .server()
              .addService(
                  new EchoGrpc.EchoImplBase() {
                    @Override
                    public StreamObserver<Note> chat(StreamObserver<Note> responses) {
                      responses.onError(
                          Status.ABORTED.withDescription("not today").asRuntimeException());
                      return new StockStubsTest.Recorder();
                    }
                  }));
      StockStubsTest.Recorder answers = new StockStubsTest.Recorder();
      EchoGrpc.newStub(setting.open()).chat(answers);
      answers.awaitEnd();
      Status status = Status.fromThrowable(answers.failure);
      assertThat(status.getCode()).isEqualTo(Status.Code.ABORTED);
      assertThat(status.getDescription()).isEqualTo("not today");
    }
  }

  @Test
  void aListenerThatFailsWhenItIsToldOfACancellationIsToldOnce() throws Exception {
    CountDownLatch called = new CountDownLatch(1);
    AtomicInteger cancellations = new AtomicInteger();
    ServerInterceptor failing =
        new ServerInterceptor() {
          @Override
          public <Q, A> ServerCall.Listener<Q> interceptCall(
              ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            call.request(1);
            called.countDown();
            return new ServerCall.Listener<>() {
              @Override
              public void onCancel() {
                cancellations.incrementAndGet();
                throw new IllegalStateException("a bug");
              }
            };
          }
        };
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      ExecutorService one = Executors.newSingleThreadExecutor();
      setting.start(
          setting.server().executor(one).addService(new EchoService()).intercept(failing));
      ListenableFuture<Note> answer = EchoGrpc.newFutureStub(setting.open()).unary(note("x"));
      assertThat(called.await(60, TimeUnit.SECONDS)).isTrue();
      answer.cancel(true);
      while (cancellations.get() == 0) {
        Thread.sleep(1);
      }
      // What follows the first time would be told on the same thread, or behind what is queued.
      one.submit(() -> {}).get(60, TimeUnit.SECONDS);
      one.submit(() -> {}).get(60, TimeUnit.SECONDS);
      assertThat(cancellations.get()).isEqualTo(1);
      one.shutdown();
    }
  }
}
