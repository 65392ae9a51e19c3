package dev.samehost.codegen.tests;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.codegen.tests.Greetings.reply;
import static dev.samehost.codegen.tests.Greetings.request;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.stub.Conversation;
import dev.samehost.stub.IncomingCall;
import dev.samehost.stub.Replies;
import dev.samehost.stub.Requests;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Streams: who waits for whom, and how they end. */
abstract class StreamsContract extends Served {
  private static final int MANY = 2_000;
  private static final String KIBIBYTE = "x".repeat(1024);

  @Test
  void anUnreadStreamHoldsItsHandlerBackAndLosesNothing() throws Exception {
    AtomicInteger sent = new AtomicInteger();
    AtomicReference<Thread> handlerThread = new AtomicReference<>();
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public void helloAgain(HelloRequest request, Consumer<HelloReply> replies) {
                handlerThread.set(Thread.currentThread());
                for (int i = 0; i < MANY; i++) {
                  replies.accept(reply(i + KIBIBYTE));
                  sent.incrementAndGet();
                }
              }
            });
    try (Replies<HelloReply> replies = greeter.helloAgain(request("Ada"))) {
      until(() -> handlerThread.get() != null && waits(handlerThread.get()));
      assertThat(sent.get()).isLessThan(MANY);
      for (int i = 0; i < MANY; i++) {
        assertThat(replies.next()).isEqualTo(reply(i + KIBIBYTE));
      }
      assertThat(replies.hasNext()).isFalse();
    }
  }

  @Test
  void aHandlerThatDoesNotReadHoldsItsClientBack() throws Exception {
    CountDownLatch mayRead = new CountDownLatch(1);
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public HelloReply helloAll(Iterable<HelloRequest> requests) {
                awaitQuietly(mayRead);
                int count = 0;
                for (HelloRequest request : requests) {
                  assertThat(request.getName()).isEqualTo(count + KIBIBYTE);
                  count++;
                }
                return reply("read " + count);
              }
            });
    AtomicInteger sent = new AtomicInteger();
    CompletableFuture<HelloReply> answer = new CompletableFuture<>();
    Thread caller =
        new Thread(
            () -> {
              try (Requests<HelloRequest, HelloReply> requests = greeter.helloAll()) {
                for (int i = 0; i < MANY; i++) {
                  requests.send(request(i + KIBIBYTE));
                  sent.incrementAndGet();
                }
                answer.complete(requests.finish());
              } catch (Throwable failure) {
                answer.completeExceptionally(failure);
              }
            });
    caller.start();
    until(() -> waits(caller));
    assertThat(sent.get()).isLessThan(MANY);
    mayRead.countDown();
    assertThat(answer.get()).isEqualTo(reply("read " + MANY));
  }

  @Test
  void closingAHalfReadStreamEndsItsHandler() throws Exception {
    CompletableFuture<Throwable> ending = new CompletableFuture<>();
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public void helloAgain(HelloRequest request, Consumer<HelloReply> replies) {
                IncomingCall call = IncomingCall.current();
                try {
                  while (true) {
                    replies.accept(reply(KIBIBYTE));
                  }
                } catch (StatusRuntimeException thrown) {
                  assertThat(call.isCancelled()).isTrue();
                  ending.complete(thrown);
                  throw thrown;
                }
              }
            });
    Replies<HelloReply> replies = greeter.helloAgain(request("Ada"));
    assertThat(replies.next()).isEqualTo(reply(KIBIBYTE));
    replies.close();
    replies.close();
    assertThat(Status.fromThrowable(ending.get()).getCode()).isEqualTo(Status.Code.CANCELLED);
    assertThat(greeter.hello(request("Ada"))).isEqualTo(reply("Hello Ada"));
  }

  @Test
  void closingBeforeTheReplyEndsAHandlerThatWaitsForRequests() throws Exception {
    CompletableFuture<Throwable> ending = new CompletableFuture<>();
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public HelloReply helloAll(Iterable<HelloRequest> requests) {
                try {
                  return super.helloAll(requests);
                } catch (StatusRuntimeException thrown) {
                  ending.complete(thrown);
                  throw thrown;
                }
              }
            });
    try (Requests<HelloRequest, HelloReply> requests = greeter.helloAll()) {
      assertThat(requests.send(request("Ada"))).isTrue();
    }
    assertThat(Status.fromThrowable(ending.get()).getCode()).isEqualTo(Status.Code.CANCELLED);
  }

  @Test
  void whoReadsTheEndIsToldSoAgainAndAgain() throws Exception {
    GreeterClient greeter = serve(new Greetings());
    try (Replies<HelloReply> replies = greeter.helloAgain(request("Ada"))) {
      assertThat(replies.hasNext()).isFalse();
      assertThat(replies.hasNext()).isFalse();
      Iterator<HelloReply> iterator = replies.iterator();
      assertThrows(NoSuchElementException.class, iterator::next);
    }
  }

  @Test
  void aServerMayAnswerBeforeItHasReadAll() throws Exception {
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public HelloReply helloAll(Iterable<HelloRequest> requests) {
                return reply("Hello " + requests.iterator().next().getName());
              }
            });
    // These requests never end.
    Iterable<HelloRequest> endless = () -> Stream.generate(() -> request("Ada")).iterator();
    assertThat(greeter.helloAll(endless)).isEqualTo(reply("Hello Ada"));
    try (Requests<HelloRequest, HelloReply> requests = greeter.helloAll()) {
      boolean wanted = true;
      while (wanted) {
        wanted = requests.send(request("Alan"));
      }
      assertThat(requests.finish()).isEqualTo(reply("Hello Alan"));
    }
  }

  @Test
  void requestsMayWaitForReplies() throws Exception {
    GreeterClient greeter = serve(new Greetings());
    BlockingQueue<String> names = new LinkedBlockingQueue<>(List.of("Ada"));
    List<HelloReply> replies = new ArrayList<>();
    greeter.helloEach(
        () -> new Taken(names, 3),
        reply -> {
          replies.add(reply);
          names.add("after " + replies.size());
        });
    assertThat(replies)
        .containsExactly(reply("Hello Ada"), reply("Hello after 1"), reply("Hello after 2"))
        .inOrder();
  }

  @Test
  void aThreadThatWaitsForARequestEndsWithItsCall() throws Exception {
    GreeterClient greeter =
        serve(
            new Greetings() {
              @Override
              public void helloEach(Iterable<HelloRequest> requests, Consumer<HelloReply> replies) {
                requests.iterator().next();
              }
            });
    AtomicReference<Thread> sender = new AtomicReference<>();
    BlockingQueue<String> names = new LinkedBlockingQueue<>(List.of("Ada"));
    greeter.helloEach(
        () -> {
          sender.set(Thread.currentThread());
          return new Taken(names, 2);
        },
        reply -> {});
    sender.get().join();
  }

  @Test
  void oneThreadMaySendWhileAnotherReads() throws Exception {
    GreeterClient greeter = serve(new Greetings());
    try (Conversation<HelloRequest, HelloReply> conversation = greeter.helloEach()) {
      Thread sender =
          new Thread(
              () -> {
                for (int i = 0; i < MANY; i++) {
                  conversation.send(request(i + KIBIBYTE));
                }
                conversation.halfClose();
              });
      sender.start();
      for (int i = 0; i < MANY; i++) {
        assertThat(conversation.next()).isEqualTo(reply("Hello " + i + KIBIBYTE));
      }
      assertThat(conversation.hasNext()).isFalse();
      sender.join();
    }
  }

  @Test
  void sendingAfterTheHalfCloseIsAMistakeOfTheCaller() throws Exception {
    GreeterClient greeter = serve(new Greetings());
    try (Conversation<HelloRequest, HelloReply> conversation = greeter.helloEach()) {
      conversation.halfClose();
      assertThrows(IllegalStateException.class, () -> conversation.send(request("Ada")));
    }
  }

  private static boolean waits(Thread thread) {
    return thread.getState() == Thread.State.WAITING
        || thread.getState() == Thread.State.TIMED_WAITING;
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interruption) {
      throw new IllegalStateException(interruption);
    }
  }

  /** Requests that are taken from a queue as they come. */
  private static final class Taken implements Iterator<HelloRequest> {
    private final BlockingQueue<String> names;
    private int left;

    Taken(BlockingQueue<String> names, int left) {
      this.names = names;
      this.left = left;
    }

    @Override
    public boolean hasNext() {
      return left > 0;
    }

    @Override
    public HelloRequest next() {
      left--;
      try {
        return request(names.take());
      } catch (InterruptedException interruption) {
        throw new IllegalStateException(interruption);
      }
    }
  }
}
