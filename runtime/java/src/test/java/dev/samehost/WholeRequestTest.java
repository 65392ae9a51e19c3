package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A unary request comes in one frame, and is told to its handler only when it is asked for. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class WholeRequestTest {
  private final BlockingQueue<ServerCall<Note, Note>> begun = new LinkedBlockingQueue<>();
  private final List<String> told = new CopyOnWriteArrayList<>();
  private final CountDownLatch ended = new CountDownLatch(1);

  /** Begins calls and asks for nothing; the test does. */
  private ServerServiceDefinition service() {
    ServerCallHandler<Note, Note> handler =
        (call, headers) -> {
          begun.add(call);
          return new ServerCall.Listener<>() {
            @Override
            public void onMessage(Note message) {
              told.add(message.getText());
              if (message.getText().equals("bad")) {
                throw new IllegalArgumentException("a bad message, on purpose");
              }
            }

            @Override
            public void onHalfClose() {
              told.add("half-close");
              call.sendHeaders(new Metadata());
              call.sendMessage(note("answer"));
              call.close(Status.OK, new Metadata());
            }

            @Override
            public void onCancel() {
              told.add("cancel");
              ended.countDown();
            }

            @Override
            public void onComplete() {
              told.add("complete");
              ended.countDown();
            }
          };
        };
    return ServerServiceDefinition.builder(EchoGrpc.SERVICE_NAME)
        .addMethod(EchoGrpc.getUnaryMethod(), handler)
        .build();
  }

  private Setting started() throws Exception {
    Setting setting = new Setting(Setting.Transport.UNIX);
    setting.start(setting.server().addService(service()));
    return setting;
  }

  private void awaitEnd() throws InterruptedException {
    assertThat(ended.await(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void itIsToldOnceItIsAskedForByAnyThread() throws Exception {
    try (Setting setting = started()) {
      ListenableFuture<Note> answer = EchoGrpc.newFutureStub(setting.open()).unary(note("request"));
      ServerCall<Note, Note> call = begun.take();
      call.request(0);
      Thread.sleep(20);
      assertThat(told).isEmpty();
      call.request(1);
      call.request(1);
      assertThat(answer.get().getText()).isEqualTo("answer");
      awaitEnd();
      assertThat(told).containsExactly("request", "half-close", "complete").inOrder();
    }
  }

  @Test
  void aHandlerThatFailsAtItsMessageIsNotToldOfItsEnd() throws Exception {
    try (Setting setting = started()) {
      ListenableFuture<Note> answer = EchoGrpc.newFutureStub(setting.open()).unary(note("bad"));
      begun.take().request(1);
      ExecutionException failed = assertThrows(ExecutionException.class, answer::get);
      Status status = ((StatusRuntimeException) failed.getCause()).getStatus();
      assertThat(status.getCode()).isEqualTo(Status.Code.UNKNOWN);
      awaitEnd();
      assertThat(told).containsExactly("bad", "cancel").inOrder();
    }
  }

  @Test
  void itIsNotToldAfterTheCallWasCancelled() throws Exception {
    try (Setting setting = started()) {
      ListenableFuture<Note> answer = EchoGrpc.newFutureStub(setting.open()).unary(note("request"));
      ServerCall<Note, Note> call = begun.take();
      answer.cancel(true);
      awaitEnd();
      call.request(1);
      Thread.sleep(20);
      assertThat(told).containsExactly("cancel");
    }
  }

  @Test
  void itIsNotToldAfterTheCallWasAnswered() throws Exception {
    try (Setting setting = started()) {
      ListenableFuture<Note> answer = EchoGrpc.newFutureStub(setting.open()).unary(note("request"));
      ServerCall<Note, Note> call = begun.take();
      call.close(Status.DATA_LOSS, new Metadata());
      ExecutionException failed = assertThrows(ExecutionException.class, answer::get);
      Status status = ((StatusRuntimeException) failed.getCause()).getStatus();
      assertThat(status.getCode()).isEqualTo(Status.Code.DATA_LOSS);
      awaitEnd();
      call.request(1);
      Thread.sleep(20);
      assertThat(told).containsExactly("complete");
    }
  }
}
