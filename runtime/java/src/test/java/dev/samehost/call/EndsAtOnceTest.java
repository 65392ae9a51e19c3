package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.connection.Pair;
import dev.samehost.transport.Code;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Link;
import dev.samehost.wire.MetadataBlock;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A call that is made by one thread, without a lock, while another one ends it. */
@Timeout(60)
final class EndsAtOnceTest {
  /** Never connects, so that calls wait. */
  private static final class Nowhere implements Connector {
    @Override
    public Link connect(long timeoutNanos) {
      throw new IllegalStateException("nothing connects here, on purpose");
    }

    @Override
    public long helloTimeoutNanos() {
      return 1;
    }

    @Override
    public void close() {}
  }

  private final DialerOptions options =
      new DialerOptions(
          "test:", Pair.HELLO, 1, -1, EndOfCall.NOBODY, Workers.pool(), Serving.NOTHING);
  private final Dialer dialer = new Dialer(new Nowhere(), options, Backoff.exponential(1, 1));
  private final ExecutorService callbacks = Executors.newSingleThreadExecutor();
  private final Outcome cancelled = Outcome.failure(Code.CANCELLED, "on purpose", null);

  private ClientStream call(ClientStreamListener listener) {
    long deadline = TimeUnit.HOURS.toNanos(1);
    return new ClientStream(
        dialer,
        new ClientStreamOptions("/t.S/M", deadline, "", true, true, 0, callbacks, null),
        listener);
  }

  private static void make(ClientStream call) {
    call.begin(MetadataBlock.EMPTY);
    call.request(2);
    call.sendMessage(Pair.message(8), false);
    call.halfClose();
  }

  private void awaitCallbacks() throws Exception {
    callbacks.submit(() -> {}).get();
    callbacks.submit(() -> {}).get(); // behind what the first one found queued
  }

  @Test
  void aCallThatEndedBeforeItBeganIsToldOnceAndKeepsNothingOpen() throws Exception {
    EndOfCall ends = new EndOfCall();
    ClientStream call = call(ends);
    call.fail(cancelled);
    make(call);
    dialer.shutdown();
    awaitCallbacks();
    assertThat(ends.told.get()).isEqualTo(1);
    assertThat(dialer.awaitTermination(TimeUnit.SECONDS.toNanos(20))).isTrue();
  }

  @Test
  void callsThatEndWhileTheyBeginAreToldOnceAndKeepNothingOpen() throws Exception {
    ExecutorService other = Executors.newSingleThreadExecutor();
    CyclicBarrier barrier = new CyclicBarrier(2);
    EndOfCall ends = new EndOfCall();
    int calls = 5_000;
    for (int i = 0; i < calls; i++) {
      ClientStream call = call(ends);
      int delay = i % 64;
      Future<?> failing =
          other.submit(
              () -> {
                barrier.await();
                for (int turn = 0; turn < delay; turn++) {
                  Thread.onSpinWait();
                }
                call.fail(cancelled);
                return null;
              });
      barrier.await();
      make(call);
      failing.get();
    }
    dialer.shutdown();
    awaitCallbacks();
    assertThat(ends.told.get()).isEqualTo(calls);
    assertThat(dialer.awaitTermination(TimeUnit.SECONDS.toNanos(20))).isTrue();
    other.shutdown();
  }
}
