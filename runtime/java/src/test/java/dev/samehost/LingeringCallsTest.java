package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.Uninterruptibles;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls that are over for their caller, and not yet for whoever serves them. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class LingeringCallsTest {
  /** How many there may be on one connection. */
  private static final int MOST = 1024;

  /** Answers, unless it is asked not to. */
  private static final class Silent extends EchoGrpc.EchoImplBase {
    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      if (!request.getText().equals("silence")) {
        responses.onNext(request);
        responses.onCompleted();
      }
    }
  }

  private static Status.Code codeOf(ManagedChannel channel) {
    EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
    try {
      assertThat(stub.unary(note("x"))).isEqualTo(note("x"));
      return Status.Code.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
  }

  private static void awaitServed(ManagedChannel channel) {
    while (codeOf(channel) != Status.Code.OK) {
      assertThat(Thread.currentThread().isInterrupted()).isFalse(); // the time is over
    }
  }

  private static void openAndCancel(ManagedChannel channel, int calls) {
    EchoGrpc.EchoFutureStub stub = EchoGrpc.newFutureStub(channel);
    for (int i = 0; i < calls; i++) {
      ListenableFuture<Note> call = stub.unary(note("silence"));
      call.cancel(true);
    }
  }

  @Test
  void aConnectionThatHasTooManyIsRefusedMoreUntilTheyAreServed() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      ExecutorService one = Executors.newSingleThreadExecutor();
      CountDownLatch mayGo = new CountDownLatch(1);
      try {
        setting.start(setting.server().addService(new Silent()).executor(one));
        ManagedChannel channel = setting.open();
        assertThat(codeOf(channel)).isEqualTo(Status.Code.OK);
        one.execute(() -> Uninterruptibles.awaitUninterruptibly(mayGo));
        openAndCancel(channel, MOST);
        StatusRuntimeException refused =
            assertThrows(
                StatusRuntimeException.class,
                () -> EchoGrpc.newBlockingStub(channel).unary(note("x")));
        assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        mayGo.countDown();
        awaitServed(channel);
      } finally {
        mayGo.countDown();
        one.shutdown();
      }
    }
  }

  @Test
  void callsThatAreToldOfTheirEndCountNoMore() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server().addService(new Silent()));
      ManagedChannel channel = setting.open();
      for (int i = 0; i < 4 * MOST; i += MOST / 2) {
        openAndCancel(channel, MOST / 2);
        awaitServed(channel);
      }
    }
  }

  @Test
  void callsThatTheExecutorRefusesDoNotCount() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      AtomicBoolean refuses = new AtomicBoolean(true);
      setting.start(
          setting
              .server()
              .addService(new Silent())
              .executor(
                  task -> {
                    if (refuses.get()) {
                      throw new RejectedExecutionException("of the test");
                    }
                    task.run();
                  }));
      ManagedChannel channel = setting.open();
      for (int i = 0; i < MOST + 10; i++) {
        assertThat(codeOf(channel)).isEqualTo(Status.Code.UNAVAILABLE);
      }
      refuses.set(false);
      assertThat(codeOf(channel)).isEqualTo(Status.Code.OK);
    }
  }
}
