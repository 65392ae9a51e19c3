package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The listener of a handler is called behind the handler, under the context of its call. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class HandlerContextTest {
  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
  private final CountDownLatch completed = new CountDownLatch(1);
  private Context own; // the call's

  /** What a handler does as it begins. */
  private interface Beginning {
    void with(ServerCall<Note, Note> call);
  }

  private Setting serving(Beginning beginning) throws Exception {
    ServerCallHandler<Note, Note> handler =
        (call, headers) -> {
          own = Context.current();
          beginning.with(call);
          told.add("begun");
          return new ServerCall.Listener<>() {
            @Override
            public void onMessage(Note message) {
              tell("message");
            }

            @Override
            public void onHalfClose() {
              tell("half-close");
              call.sendHeaders(new Metadata());
              call.sendMessage(note("answer"));
              call.close(Status.OK, new Metadata());
              told.add("closed");
            }

            @Override
            public void onComplete() {
              tell("complete");
              completed.countDown();
            }
          };
        };
    Setting setting = new Setting(Setting.Transport.UNIX);
    setting.start(
        setting
            .server()
            .addService(
                ServerServiceDefinition.builder(EchoGrpc.SERVICE_NAME)
                    .addMethod(EchoGrpc.getUnaryMethod(), handler)
                    .build()));
    return setting;
  }

  private void tell(String what) {
    told.add(Context.current() == own ? what : what + " under another context");
  }

  private void assertTold() throws InterruptedException {
    completed.await();
    assertThat(List.copyOf(told))
        .containsExactly("begun", "message", "half-close", "closed", "complete")
        .inOrder();
  }

  @Test
  void whereTheHandlerAsksAtOnce() throws Exception {
    try (Setting setting = serving(call -> call.request(2))) {
      setting.blocking().unary(note("x"));
      assertTold();
      assertThat(own).isNotSameInstanceAs(Context.ROOT);
    }
  }

  @Test
  void whereAnotherThreadAsksLater() throws Exception {
    CountDownLatch answered = new CountDownLatch(1);
    Beginning later =
        call ->
            new Thread(
                    () -> {
                      while (!told.contains("begun")) {
                        Thread.onSpinWait();
                      }
                      call.request(2);
                      answered.countDown();
                    })
                .start();
    try (Setting setting = serving(later)) {
      setting.blocking().unary(note("x"));
      answered.await();
      assertTold();
    }
  }

  @Test
  void whereTheHandlerHasLeftAnotherContextBehind() throws Exception {
    Beginning leaving =
        call -> {
          var unused = Context.current().withValue(Context.key("left"), "behind").attach();
          call.request(2);
        };
    try (Setting setting = serving(leaving)) {
      setting.blocking().unary(note("x"));
      assertTold();
    }
  }
}
