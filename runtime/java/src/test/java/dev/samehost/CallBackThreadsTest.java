package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.call.SlowTime;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which threads a call back keeps, and which ones it needs. */
@Timeout(Setting.PATIENCE_SECONDS)
final class CallBackThreadsTest {
  private static final int CALLS = 200;

  /** Calls its caller back as often as a request says, and counts those that began on a reader. */
  private static final class Asking extends EchoGrpc.EchoImplBase {
    private final AtomicInteger onReader = new AtomicInteger();

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      if (Thread.currentThread().getName().startsWith("samehost-server-")) {
        onReader.incrementAndGet();
      }
      EchoGrpc.EchoBlockingStub back = EchoGrpc.newBlockingStub(Callers.caller());
      for (int call = 0; call < request.getCount(); call++) {
        back.unary(request);
      }
      responses.onNext(request);
      responses.onCompleted();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aHandlerThatCallsBackReadsItsAnswerOnTheThreadThatReadsItsConnection(
      Setting.Transport transport) throws Exception {
    try (SlowTime slow = SlowTime.of(TimeUnit.HOURS.toNanos(1));
        Setting setting = new Setting(transport)) {
      Asking asking = new Asking();
      setting.start(setting.server().addService(Callers.known(asking)));
      Channel channel = setting.open(setting.channel().addService(new EchoService()));
      Note once = Note.newBuilder().setCount(1).build();
      for (int call = 0; call < CALLS; call++) {
        assertThat(EchoGrpc.newBlockingStub(channel).unary(once)).isEqualTo(once);
      }
      // Were its reader relieved each time, all but a few of its calls would go elsewhere.
      assertThat(asking.onReader.get()).isAtLeast(CALLS / 4);
    }
  }

  /** Counts the calls that find the thread parked that has made this. */
  private static final class Watching extends EchoGrpc.EchoImplBase {
    private final Thread caller = Thread.currentThread();
    private final AtomicInteger parked = new AtomicInteger();

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      if (caller.getState() == Thread.State.TIMED_WAITING) {
        parked.incrementAndGet();
      }
      responses.onNext(request);
      responses.onCompleted();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCallerThatIsCalledBackAgainAndAgainLeavesTheReadingToWhoServes(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.start(setting.server().addService(Callers.known(new Asking())));
      Watching watching = new Watching();
      Channel channel = setting.open(setting.channel().addService(watching));
      Note often = note("again").toBuilder().setCount(CALLS).build();
      assertThat(EchoGrpc.newBlockingStub(channel).unary(often)).isEqualTo(often);
      assertThat(watching.parked.get()).isAtLeast(CALLS / 2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aHandlerThatReadsForItselfLearnsOfTheEnd(Setting.Transport transport) throws Exception {
    try (SlowTime slow = SlowTime.of(TimeUnit.HOURS.toNanos(1));
        Setting setting = new Setting(transport)) {
      Callers.Waiting waiting = new Callers.Waiting();
      setting.start(setting.server().addService(Callers.known(waiting)));
      CountDownLatch called = new CountDownLatch(1);
      EchoGrpc.EchoImplBase silent =
          new EchoGrpc.EchoImplBase() {
            @Override
            public void unary(Note request, StreamObserver<Note> responses) {
              called.countDown();
            }
          };
      ManagedChannel channel = setting.open(setting.channel().addService(silent));
      ListenableFuture<Note> call = EchoGrpc.newFutureStub(channel).unary(note("back"));
      called.await();
      assertThat(waiting.thread).startsWith("samehost-server-");

      channel.shutdownNow();

      assertThat(waiting.end.get().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThrows(ExecutionException.class, call::get);
    }
  }
}
