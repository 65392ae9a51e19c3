package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static dev.samehost.Setting.note;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.Uninterruptibles;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server that was given no executor: which handlers run on its readers, and what that spares. */
@DisabledIfSystemProperty(
    named = "java.vm.info",
    matches = "interpreted mode.*",
    disabledReason = "no handler is fast enough for a reader where nothing is compiled")
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class InlineHandlersTest {
  private static final String READERS = "samehost-server-";

  /** Answers with the name of the thread; waits before that for what a test lets go. */
  private static class Handler extends EchoGrpc.EchoImplBase {
    final CountDownLatch inside = new CountDownLatch(1);
    final CountDownLatch mayGo = new CountDownLatch(1);

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      if (request.getText().equals("wait") && isOnReader()) {
        inside.countDown();
        Uninterruptibles.awaitUninterruptibly(mayGo);
      } else if (request.getText().equals("slow")) {
        Uninterruptibles.sleepUninterruptibly(1, TimeUnit.MILLISECONDS);
      }
      responses.onNext(note(Thread.currentThread().getName()));
      responses.onCompleted();
    }

    @Override
    public void repeat(Note request, StreamObserver<Note> responses) {
      responses.onNext(note(Thread.currentThread().getName()));
      responses.onCompleted();
    }
  }

  /** Waits on the reader, where a request has this text, until the call is cancelled. */
  private static final class UntilCancelled extends Handler {
    private final CompletableFuture<Void> cancelled = new CompletableFuture<>();
    private final String text;

    private UntilCancelled(String text) {
      this.text = text;
    }

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      if (request.getText().equals(text) && isOnReader()) {
        CountDownLatch gone = new CountDownLatch(1);
        Context.current().addListener(context -> gone.countDown(), Runnable::run);
        inside.countDown();
        Uninterruptibles.awaitUninterruptibly(gone);
        cancelled.complete(null);
        // An answer might reach a caller who has yet to notice that its time is up.
        responses.onError(Contexts.statusFromCancelled(Context.current()).asRuntimeException());
        return;
      }
      super.unary(request, responses);
    }
  }

  private static boolean isOnReader() {
    return Thread.currentThread().getName().startsWith(READERS);
  }

  /**
   * Makes a call until one is inside its handler on the reader; a busy machine has it elsewhere.
   */
  private static ListenableFuture<Note> untilInside(
      CountDownLatch inside, ManagedChannel channel, String text) throws InterruptedException {
    while (true) {
      ListenableFuture<Note> call = EchoGrpc.newFutureStub(channel).unary(note(text));
      while (!call.isDone()) {
        if (inside.await(1, TimeUnit.MILLISECONDS)) {
          return call;
        }
      }
    }
  }

  private static String threadOf(EchoGrpc.EchoBlockingStub stub, String text) {
    return stub.unary(note(text)).getText();
  }

  /** Calls until a fast handler runs on the reader, though loading its classes took its time. */
  private static void warmUp(EchoGrpc.EchoBlockingStub stub) {
    for (int i = 0; i < 100_000; i++) {
      if (threadOf(stub, "fast").startsWith(READERS) && i > 1_000) {
        return;
      }
    }
    assertWithMessage("a fast handler runs on the reader").fail();
  }

  @Test
  void aFastUnaryHandlerRunsOnTheThreadThatReads() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server().addService(new Handler()));
      warmUp(setting.blocking());
    }
  }

  @Test
  void aHandlerThatStreamsNeverRunsOnTheReader() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server().addService(new Handler()));
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      for (int i = 0; i < 100; i++) {
        Iterator<Note> answers = stub.repeat(note("stream"));
        assertThat(answers.next().getText()).startsWith("samehost-worker-");
        assertThat(answers.hasNext()).isFalse();
      }
    }
  }

  @Test
  void aMethodThatWasLatelySlowRunsElsewhere() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server().addService(new Handler()));
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      for (int i = 0; i < 50; i++) {
        threadOf(stub, "slow");
      }
      assertThat(threadOf(stub, "slow")).startsWith("samehost-worker-");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aHandlerThatBlocksForASecondHoldsUpNoOtherCallOfItsConnection(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      Handler handler = new Handler();
      setting.start(setting.server().addService(handler));
      ManagedChannel channel = setting.open();
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
      warmUp(stub);
      ListenableFuture<Note> blocked = untilInside(handler.inside, channel, "wait");
      long aSecondLater = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
      for (int i = 0; i < 100 || aSecondLater - System.nanoTime() > 0; i++) {
        threadOf(stub, "fast");
      }
      assertThat(blocked.isDone()).isFalse();
      handler.mayGo.countDown();
      assertThat(blocked.get().getText()).startsWith(READERS);
      // Whoever was relieved is no reader any more, and the connection is as good as new.
      warmUp(stub);
    }
  }

  @Test
  void manyHandlersThatBlockAtOnceHoldUpNobody() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      AtomicInteger blocked = new AtomicInteger();
      Handler handler =
          new Handler() {
            @Override
            public void unary(Note request, StreamObserver<Note> responses) {
              if (request.getText().equals("block")) {
                blocked.incrementAndGet();
                Uninterruptibles.awaitUninterruptibly(mayGo);
              }
              super.unary(request, responses);
            }
          };
      setting.start(setting.server().addService(handler));
      ManagedChannel channel = setting.open();
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
      warmUp(stub);
      CompletableFuture<?>[] ends = new CompletableFuture<?>[20];
      for (int i = 0; i < ends.length; i++) {
        CompletableFuture<Void> end = new CompletableFuture<>();
        EchoGrpc.newStub(channel)
            .unary(
                note("block"),
                new StreamObserver<>() {
                  @Override
                  public void onNext(Note answer) {}

                  @Override
                  public void onError(Throwable failure) {
                    end.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {
                    end.complete(null);
                  }
                });
        ends[i] = end;
      }
      while (blocked.get() < ends.length) {
        threadOf(stub, "fast");
      }
      handler.mayGo.countDown();
      CompletableFuture.allOf(ends).get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
  }

  @Test
  void aHandlerMayCallItsOwnServer() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      ManagedChannel inner = setting.open();
      Handler handler =
          new Handler() {
            @Override
            public void unary(Note request, StreamObserver<Note> responses) {
              if (request.getCount() > 0) {
                Note next = request.toBuilder().setCount(request.getCount() - 1).build();
                responses.onNext(EchoGrpc.newBlockingStub(inner).unary(next));
                responses.onCompleted();
              } else {
                super.unary(request, responses);
              }
            }
          };
      setting.start(setting.server().addService(handler));
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(inner);
      warmUp(stub);
      // Each level waits in a handler for the next one, all on one connection.
      assertThat(stub.unary(Note.newBuilder().setCount(20).build()).getText()).isNotEmpty();
    }
  }

  @Test
  void cancellationReachesAHandlerOnTheReader() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      UntilCancelled handler = new UntilCancelled("cancel me");
      setting.start(setting.server().addService(handler));
      ManagedChannel channel = setting.open();
      warmUp(EchoGrpc.newBlockingStub(channel));
      untilInside(handler.inside, channel, "cancel me").cancel(true);
      handler.cancelled.get();
    }
  }

  @Test
  void aDeadlineReachesAHandlerOnTheReader() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      UntilCancelled handler = new UntilCancelled("too long");
      setting.start(setting.server().addService(handler));
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      warmUp(stub);
      StatusRuntimeException failure = null;
      long millis = 500;
      while (handler.inside.getCount() > 0) { // a busy machine may have the call elsewhere
        try {
          stub.withDeadlineAfter(millis, TimeUnit.MILLISECONDS).unary(note("too long"));
        } catch (StatusRuntimeException e) {
          failure = e;
          millis *= 2; // or need more time to reach the handler
        }
      }
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      handler.cancelled.get();
    }
  }

  @Test
  void callbacksOfOneCallStaySerialThoughItsReaderIsRelieved() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      AtomicInteger most = new AtomicInteger();
      CountDownLatch inside = new CountDownLatch(1);
      CountDownLatch mayGo = new CountDownLatch(1);
      CountDownLatch cancelled = new CountDownLatch(1);
      ServerCallHandler<Note, Note> watched =
          (call, headers) -> {
            call.request(2);
            return new ServerCall.Listener<>() {
              private final AtomicInteger within = new AtomicInteger();

              @Override
              public void onMessage(Note request) {
                most.accumulateAndGet(within.incrementAndGet(), Math::max);
                if (request.getText().equals("wait") && isOnReader()) {
                  inside.countDown();
                  Uninterruptibles.awaitUninterruptibly(mayGo);
                } else {
                  call.sendHeaders(new Metadata());
                  call.sendMessage(note(Thread.currentThread().getName()));
                  call.close(Status.OK, new Metadata());
                }
                within.decrementAndGet();
              }

              @Override
              public void onCancel() {
                most.accumulateAndGet(within.incrementAndGet(), Math::max);
                cancelled.countDown();
                within.decrementAndGet();
              }
            };
          };
      setting.start(
          setting
              .server()
              .addService(
                  ServerServiceDefinition.builder("samehost.test.Echo")
                      .addMethod(EchoGrpc.getUnaryMethod(), watched)
                      .build()));
      ManagedChannel channel = setting.open();
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
      warmUp(stub);
      untilInside(inside, channel, "wait").cancel(true);
      threadOf(stub, "fast"); // the cancellation has been read by now, by the relief
      assertThat(cancelled.getCount()).isEqualTo(1);
      mayGo.countDown();
      cancelled.await();
      assertThat(most.get()).isEqualTo(1);
    }
  }
}
