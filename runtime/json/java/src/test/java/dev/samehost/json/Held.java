package dev.samehost.json;

import static com.google.common.truth.Truth.assertThat;

import com.google.protobuf.Api;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A handler that answers when it is told to, and knows when a call was cancelled. */
final class Held {
  final CountDownLatch cancelled = new CountDownLatch(1);
  private final BlockingQueue<Open> open = new LinkedBlockingQueue<>();

  /** A call that waits for its answer. */
  record Open(Api request, StreamObserver<Api> responses) {
    void answer() {
      Types.answer(request, responses);
    }
  }

  void handle(Api request, StreamObserver<Api> responses) {
    Context.current().addListener(context -> cancelled.countDown(), Runnable::run);
    open.add(new Open(request, responses));
  }

  /** The next call that has come. */
  Open next() throws InterruptedException {
    Open next = open.poll(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
    assertThat(next).isNotNull();
    return next;
  }

  boolean hasMore() {
    return !open.isEmpty();
  }

  void awaitCancelled() throws InterruptedException {
    assertThat(cancelled.await(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
  }
}
