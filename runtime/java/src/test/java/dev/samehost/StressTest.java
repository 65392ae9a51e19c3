package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static dev.samehost.Setting.note;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.Uninterruptibles;
import dev.samehost.call.LookUps;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Many callers on one link: every answer is right, and nobody is left waiting. */
@Timeout(4 * Setting.PATIENCE_SECONDS)
final class StressTest {
  @ParameterizedTest
  @EnumSource
  void oneThousandBlockedCallersEachGetTheirOwnAnswer(Setting.Transport transport)
      throws Exception {
    try (LookUps off = LookUps.off();
        Setting setting = new Setting(transport)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      List<Callable<Void>> callers = new ArrayList<>();
      for (int caller = 0; caller < 1000; caller++) {
        String text = "caller " + caller;
        callers.add(
            () -> {
              for (int i = 0; i < 3; i++) {
                assertThat(stub.unary(note(text + "," + i))).isEqualTo(note(text + "," + i));
              }
              return null;
            });
      }
      all(callers, 1000);
    }
  }

  @ParameterizedTest
  @EnumSource
  void randomDeadlinesAndCancelsLeaveNobodyWaiting(Setting.Transport transport) throws Exception {
    try (LookUps off = LookUps.off();
        Setting setting = new Setting(transport)) {
      setting.start(setting.server().addService(new SlowEcho()));
      ManagedChannel channel = setting.open();
      Set<Status.Code> outcomes = ConcurrentHashMap.newKeySet();
      AtomicInteger answered = new AtomicInteger();
      List<Callable<Void>> callers = new ArrayList<>();
      for (int caller = 0; caller < 200; caller++) {
        Random random = new Random(caller);
        callers.add(
            () -> {
              for (int i = 0; i < 20; i++) {
                outcomes.add(callSomehow(channel, random, answered));
              }
              return null;
            });
      }
      all(callers, 50);
      assertThat(outcomes)
          .containsExactly(Status.Code.OK, Status.Code.DEADLINE_EXCEEDED, Status.Code.CANCELLED);
      assertThat(answered.get()).isGreaterThan(100);
      // The connection is as good as new.
      assertThat(EchoGrpc.newBlockingStub(channel).unary(note("after"))).isEqualTo(note("after"));
    }
  }

  private static Status.Code callSomehow(
      ManagedChannel channel, Random random, AtomicInteger answered) throws Exception {
    Note request = Note.newBuilder().setText("n" + random.nextLong()).build();
    try {
      Note answer =
          switch (random.nextInt(5)) {
            case 0 -> EchoGrpc.newBlockingStub(channel).unary(request);
            case 1 ->
                EchoGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(random.nextInt(3000), TimeUnit.MICROSECONDS)
                    .unary(request);
            case 2 -> inCancelledContext(channel, random, request);
            case 3 -> interrupted(channel, random, request);
            default -> cancelledFuture(channel, random, request);
          };
      if (answer != null) {
        assertThat(answer).isEqualTo(request);
        answered.incrementAndGet();
        return Status.Code.OK;
      }
      return Status.Code.CANCELLED;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    } finally {
      Thread.interrupted();
    }
  }

  private static Note inCancelledContext(ManagedChannel channel, Random random, Note request)
      throws Exception {
    Context.CancellableContext context = Context.current().withCancellation();
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      other.execute(() -> cancelSoon(random.nextInt(2000), context));
      return context.call(() -> EchoGrpc.newBlockingStub(channel).unary(request));
    } finally {
      other.shutdown();
      context.cancel(null);
    }
  }

  private static void cancelSoon(int micros, Context.CancellableContext context) {
    LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(micros));
    context.cancel(new RuntimeException("no longer needed"));
  }

  private static Note interrupted(ManagedChannel channel, Random random, Note request) {
    Thread caller = Thread.currentThread();
    int micros = random.nextInt(2000);
    Thread other =
        new Thread(
            () -> {
              LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(micros));
              caller.interrupt();
            });
    other.start();
    try {
      return EchoGrpc.newBlockingStub(channel).unary(request);
    } finally {
      Uninterruptibles.joinUninterruptibly(other);
    }
  }

  private static Note cancelledFuture(ManagedChannel channel, Random random, Note request)
      throws Exception {
    ListenableFuture<Note> answer = EchoGrpc.newFutureStub(channel).unary(request);
    try {
      return answer.get(random.nextInt(2000), TimeUnit.MICROSECONDS);
    } catch (TimeoutException e) {
      answer.cancel(true);
      return null;
    }
  }

  /** Runs all at once, and waits for all. */
  private static void all(List<Callable<Void>> callers, int threads) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Void>> ends = new ArrayList<>();
      for (Callable<Void> caller : callers) {
        ends.add(pool.submit(caller));
      }
      for (int i = 0; i < ends.size(); i++) {
        try {
          ends.get(i).get(2 * Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
          assertWithMessage("caller %s is left waiting", i).fail();
        }
      }
    } finally {
      pool.shutdownNow();
    }
  }

  /** Answers some calls at once and some after a moment, on a few threads. */
  private static final class SlowEcho extends EchoGrpc.EchoImplBase {
    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      int micros = Math.floorMod(request.getText().hashCode(), 1500);
      if (micros > 500) {
        LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(micros));
      }
      responses.onNext(request);
      responses.onCompleted();
    }
  }
}
