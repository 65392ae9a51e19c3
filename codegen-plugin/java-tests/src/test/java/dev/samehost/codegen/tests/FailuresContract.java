package dev.samehost.codegen.tests;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.codegen.tests.Greetings.reply;
import static dev.samehost.codegen.tests.Greetings.request;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.stub.Conversation;
import dev.samehost.stub.IncomingCall;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Errors each way, deadlines, cancellation, and metadata. */
abstract class FailuresContract extends Served {
  private static final Metadata.Key<String> TAG =
      Metadata.Key.of("tag", Metadata.ASCII_STRING_MARSHALLER);

  @Test
  void aStatusThatAHandlerThrowsReachesItsCallerInEveryKind() throws Exception {
    Failing failing = new Failing();
    failing.with = () -> Status.NOT_FOUND.withDescription("no such person").asRuntimeException();
    for (Executable call : everyKind(serve(failing))) {
      StatusRuntimeException failure = assertThrows(StatusRuntimeException.class, call);
      assertThat(failure.getStatus().getCode()).isEqualTo(Code.NOT_FOUND);
      assertThat(failure.getStatus().getDescription()).isEqualTo("no such person");
    }
  }

  @Test
  void whateverElseAHandlerThrowsIsUnknownAndKeepsItsText() throws Exception {
    Failing failing = new Failing();
    failing.with = () -> new IllegalArgumentException("a secret of the server");
    for (Executable call : everyKind(serve(failing))) {
      StatusRuntimeException failure = assertThrows(StatusRuntimeException.class, call);
      assertThat(failure.getStatus().getCode()).isEqualTo(Code.UNKNOWN);
      assertThat(failure).hasMessageThat().doesNotContain("secret");
    }
  }

  @Test
  void aFutureFailsWithTheStatus() throws Exception {
    CompletableFuture<HelloReply> answer = serve(new Greetings()).helloAsync(request("nobody"));
    ExecutionException failure = assertThrows(ExecutionException.class, answer::get);
    assertThat(Status.fromThrowable(failure.getCause()).getCode()).isEqualTo(Code.NOT_FOUND);
  }

  @Test
  void theTrailersOfAHandlerAndOfItsExceptionReachTheCaller() throws Exception {
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public HelloReply hello(HelloRequest request) {
                IncomingCall.current().responseTrailers().put(TAG, "of the handler");
                Metadata trailers = new Metadata();
                trailers.put(TAG, "of the exception");
                throw Status.ABORTED.asRuntimeException(trailers);
              }
            });
    StatusRuntimeException failure =
        assertThrows(StatusRuntimeException.class, () -> greeter.hello(request("Ada")));
    assertThat(failure.getTrailers().getAll(TAG))
        .containsExactly("of the handler", "of the exception")
        .inOrder();
  }

  @Test
  void aHandlerReadsAndSendsMetadata() throws Exception {
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public void helloAgain(HelloRequest request, Consumer<HelloReply> replies) {
                IncomingCall call = IncomingCall.current();
                call.responseHeaders().put(TAG, "head of " + call.headers().get(TAG));
                call.responseTrailers().put(TAG, "tail of " + call.headers().get(TAG));
                assertThat(call.attributes()).isNotNull();
                super.helloAgain(request, replies);
              }
            });
    Metadata sent = new Metadata();
    sent.put(TAG, "Ada");
    AtomicReference<Metadata> headers = new AtomicReference<>();
    AtomicReference<Metadata> trailers = new AtomicReference<>();
    greeter
        .withInterceptors(
            MetadataUtils.newAttachHeadersInterceptor(sent),
            MetadataUtils.newCaptureMetadataInterceptor(headers, trailers))
        .helloAgain(request("Ada"), reply -> {});
    assertThat(headers.get().get(TAG)).isEqualTo("head of Ada");
    assertThat(trailers.get().get(TAG)).isEqualTo("tail of Ada");
  }

  @Test
  void outsideAHandlerNoCallIsCurrent() {
    assertThrows(IllegalStateException.class, IncomingCall::current);
  }

  @Test
  void aDeadlineReachesTheHandlerAndEndsTheCallOnBothSides() throws Exception {
    CompletableFuture<Deadline> deadline = new CompletableFuture<>();
    CountDownLatch cancelled = new CountDownLatch(1);
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public void helloEach(Iterable<HelloRequest> requests, Consumer<HelloReply> replies) {
                deadline.complete(IncomingCall.current().deadline());
                Context.current().addListener(context -> cancelled.countDown(), Runnable::run);
                requests.forEach(request -> {});
              }
            });
    // A busy machine may need more time than that to reach the handler.
    for (long millis = 500; !deadline.isDone(); millis *= 2) {
      try (Conversation<HelloRequest, HelloReply> conversation =
          greeter.withDeadlineAfter(millis, MILLISECONDS).helloEach()) {
        StatusRuntimeException failure =
            assertThrows(StatusRuntimeException.class, conversation::next);
        assertThat(failure.getStatus().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
      }
    }
    assertThat(deadline.get()).isNotNull();
    cancelled.await();
  }

  @Test
  void requestsThatFailEndTheCallWithTheirOwnException() throws Exception {
    CountDownLatch cancelled = new CountDownLatch(2);
    GreeterClient greeter = serve(new Reading(cancelled));
    Iterable<HelloRequest> requests = () -> new FailsAfterOne();
    assertThrows(ArithmeticException.class, () -> greeter.helloAll(requests));
    assertThrows(ArithmeticException.class, () -> greeter.helloEach(requests, reply -> {}));
    cancelled.await();
  }

  @Test
  void aReceiverThatFailsEndsTheCallWithItsOwnException() throws Exception {
    CountDownLatch cancelled = new CountDownLatch(1);
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public void helloAgain(HelloRequest request, Consumer<HelloReply> replies) {
                Context.current().addListener(context -> cancelled.countDown(), Runnable::run);
                while (true) {
                  replies.accept(reply("again"));
                }
              }
            });
    assertThrows(
        ArithmeticException.class,
        () ->
            greeter.helloAgain(
                request("Ada"),
                reply -> {
                  throw new ArithmeticException();
                }));
    cancelled.await();
  }

  @Test
  void anInterruptEndsTheCallAndLeavesTheThreadInterrupted() throws Exception {
    CountDownLatch cancelled = new CountDownLatch(1);
    CountDownLatch firstRead = new CountDownLatch(1); // from then on the caller only receives
    GreeterClient greeter =
        serve(
            new Reading(cancelled) {
              @Override
              public void helloEach(Iterable<HelloRequest> requests, Consumer<HelloReply> replies) {
                Iterator<HelloRequest> each = requests.iterator();
                each.next();
                firstRead.countDown();
                super.helloEach(() -> each, replies);
              }
            });
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread caller =
        new Thread(
            () -> {
              try (Conversation<HelloRequest, HelloReply> conversation = greeter.helloEach()) {
                conversation.send(request("Ada"));
                StatusRuntimeException failure =
                    assertThrows(StatusRuntimeException.class, conversation::hasNext);
                assertThat(failure.getStatus().getCode()).isEqualTo(Code.CANCELLED);
                interrupted.complete(Thread.currentThread().isInterrupted());
              } catch (Throwable failure) {
                interrupted.completeExceptionally(failure);
              }
            });
    caller.start();
    firstRead.await();
    caller.interrupt();
    assertThat(interrupted.get()).isTrue();
    cancelled.await();
  }

  @Test
  void whoeverCompletesAFutureEndsItsCall() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    CountDownLatch cancelled = new CountDownLatch(2);
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public HelloReply hello(HelloRequest request) {
                CountDownLatch ended = new CountDownLatch(1);
                begun.countDown();
                Context.current().addListener(context -> ended.countDown(), Runnable::run);
                try {
                  ended.await();
                } catch (InterruptedException interruption) {
                  throw new IllegalStateException(interruption);
                }
                cancelled.countDown();
                return reply("too late");
              }
            });
    CompletableFuture<HelloReply> first = greeter.helloAsync(request("Ada"));
    CompletableFuture<HelloReply> second = greeter.helloAsync(request("Alan"));
    begun.await();
    first.cancel(true);
    ExecutionException failure =
        assertThrows(ExecutionException.class, second.orTimeout(1, MILLISECONDS)::get);
    assertThat(failure).hasCauseThat().isInstanceOf(TimeoutException.class);
    cancelled.await();
  }

  @Test
  void anExecutorThatIsFullRefusesTheCallAndNotTheConnection() throws Exception {
    GreeterClient greeter =
        Greeter.client(
            connect(
                Greeter.server(
                    new Greetings(),
                    task -> {
                      throw new RejectedExecutionException();
                    })));
    StatusRuntimeException failure =
        assertThrows(StatusRuntimeException.class, () -> greeter.helloAll(List.of(request("Ada"))));
    assertThat(failure.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(greeter.hello(request("Ada"))).isEqualTo(reply("Hello Ada"));
  }

  @SuppressWarnings("deprecation")
  private static List<Executable> everyKind(GreeterClient greeter) {
    return List.of(
        () -> greeter.hello(request("Ada")),
        () -> greeter.hail(request("Ada")),
        () -> greeter.helloAgain(request("Ada"), reply -> {}),
        () -> greeter.helloAll(List.of(request("Ada"))),
        () -> greeter.helloEach(List.of(request("Ada")), reply -> {}));
  }

  /** Throws what it is told to. */
  private static class Failing implements Greeter {
    Supplier<RuntimeException> with;

    @Override
    public HelloReply hello(HelloRequest request) {
      throw with.get();
    }

    @Override
    public void helloAgain(HelloRequest request, Consumer<HelloReply> replies) {
      throw with.get();
    }

    @Override
    public HelloReply helloAll(Iterable<HelloRequest> requests) {
      requests.forEach(request -> {});
      throw with.get();
    }

    @Override
    public void helloEach(Iterable<HelloRequest> requests, Consumer<HelloReply> replies) {
      replies.accept(reply("one"));
      throw with.get();
    }

    @Deprecated
    @Override
    public HelloReply hail(HelloRequest request) {
      throw with.get();
    }
  }

  /** Reads all requests of a stream, and counts the calls that were cancelled meanwhile. */
  private static class Reading extends Greetings {
    private final CountDownLatch cancelled;

    Reading(CountDownLatch cancelled) {
      this.cancelled = cancelled;
    }

    @Override
    public HelloReply helloAll(Iterable<HelloRequest> requests) {
      read(requests);
      return reply("read");
    }

    @Override
    public void helloEach(Iterable<HelloRequest> requests, Consumer<HelloReply> replies) {
      read(requests);
    }

    private void read(Iterable<HelloRequest> requests) {
      try {
        requests.forEach(request -> {});
      } catch (StatusRuntimeException thrown) {
        assertThat(thrown.getStatus().getCode()).isEqualTo(Code.CANCELLED);
        cancelled.countDown();
      }
    }
  }

  private static final class FailsAfterOne implements Iterator<HelloRequest> {
    private boolean first = true;

    @Override
    public boolean hasNext() {
      return true;
    }

    @Override
    public HelloRequest next() {
      if (first) {
        first = false;
        return request("Ada");
      }
      throw new ArithmeticException();
    }
  }
}
