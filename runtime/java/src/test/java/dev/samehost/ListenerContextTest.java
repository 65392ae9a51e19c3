package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The listener of a call is called under the context in which the call was made. */
@Timeout(Setting.PATIENCE_SECONDS)
final class ListenerContextTest {
  private static final Context.Key<String> MARK = Context.key("mark");

  private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  /**
   * Makes the call in a context of its own, if it is given one, and tells what its listener sees.
   */
  private ClientInterceptor marking(String mark) {
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(
          MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        Context before = Context.current();
        Context own = mark == null ? before : before.withValue(MARK, mark);
        Context previous = own.attach();
        try {
          return telling(next.newCall(method, options));
        } finally {
          own.detach(previous);
        }
      }
    };
  }

  private <Q, A> ClientCall<Q, A> telling(ClientCall<Q, A> call) {
    return new SimpleForwardingClientCall<>(call) {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        super.start(
            new SimpleForwardingClientCallListener<>(listener) {
              @Override
              public void onHeaders(Metadata responseHeaders) {
                seen.add("headers " + MARK.get());
                super.onHeaders(responseHeaders);
              }

              @Override
              public void onMessage(A message) {
                seen.add("message " + MARK.get());
                super.onMessage(message);
              }

              @Override
              public void onClose(Status status, Metadata trailers) {
                seen.add("close " + MARK.get());
                closed.countDown();
                super.onClose(status, trailers);
              }
            },
            headers);
      }
    };
  }

  private void assertSeen(String mark) {
    assertThat(List.copyOf(seen))
        .containsExactly("headers " + mark, "message " + mark, "close " + mark)
        .inOrder();
  }

  @Test
  void onTheThreadOfABlockedCallerWhoseContextItIs() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub stub = setting.blocking().withInterceptors(marking(null));
      Context.current().withValue(MARK, "outer").run(() -> stub.unary(note("x")));
      assertSeen("outer");
      assertThat(MARK.get()).isNull();
    }
  }

  @Test
  void onTheThreadOfABlockedCallerWhoseContextIsAnother() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub stub = setting.blocking().withInterceptors(marking("inner"));
      Context.current()
          .withValue(MARK, "outer")
          .run(
              () -> {
                stub.unary(note("x"));
                seen.add(MARK.get());
              });
      assertThat(seen).containsExactly("headers inner", "message inner", "close inner", "outer");
    }
  }

  @Test
  void onAnotherThread() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      EchoGrpc.EchoFutureStub stub = EchoGrpc.newFutureStub(setting.open());
      Note answer =
          Context.current()
              .withValue(MARK, "outer")
              .call(() -> stub.withInterceptors(marking(null)).unary(note("x")))
              .get();
      assertThat(answer.getText()).isEqualTo("x");
      closed.await();
      assertSeen("outer");
    }
  }
}
