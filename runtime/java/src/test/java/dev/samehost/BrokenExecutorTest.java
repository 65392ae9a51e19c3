package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.Uninterruptibles;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An executor of a call that throws when it is given something. */
@Timeout(Setting.PATIENCE_SECONDS)
final class BrokenExecutorTest {
  /** Answers one of its calls when it is told to. */
  private static final class Holding extends EchoGrpc.EchoImplBase {
    final CountDownLatch inside = new CountDownLatch(1);
    final CountDownLatch mayGo = new CountDownLatch(1);

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      if (request.getText().equals("hold")) {
        inside.countDown();
        Uninterruptibles.awaitUninterruptibly(mayGo);
      }
      responses.onNext(request);
      responses.onCompleted();
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {IllegalStateException.class, OutOfMemoryError.class})
  void itsCallAloneIsGivenUp(Class<? extends Throwable> kind) throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Holding handler = new Holding();
      setting.start(setting.server().addService(handler));
      ManagedChannel channel = setting.open();
      ListenableFuture<Note> held = EchoGrpc.newFutureStub(channel).unary(note("hold"));
      handler.inside.await();
      CountDownLatch asked = new CountDownLatch(1);
      EchoGrpc.EchoFutureStub broken =
          EchoGrpc.newFutureStub(channel)
              .withExecutor(
                  task -> {
                    asked.countDown();
                    if (kind == OutOfMemoryError.class) {
                      throw new OutOfMemoryError("of the test");
                    }
                    throw new IllegalStateException("of the test");
                  });
      ListenableFuture<Note> lost = broken.unary(note("x"));
      asked.await();
      assertThat(EchoGrpc.newBlockingStub(channel).unary(note("fine"))).isEqualTo(note("fine"));
      handler.mayGo.countDown();
      assertThat(held.get()).isEqualTo(note("hold"));
      assertThat(lost.isDone()).isFalse(); // nobody could be told
    }
  }
}
