package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static dev.samehost.Setting.note;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.call.LookUps;
import dev.samehost.call.QuietTime;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
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

/** Calls that call back at random, given up at random: nobody is left waiting, at either end. */
@Timeout(4 * Setting.PATIENCE_SECONDS)
final class CallBackStressTest {
  private static final int CALLERS = 40;
  private static final int CALLS = 25;
  private static final int DEEPEST = 5;
  private static final Set<Code> GIVEN_UP = Set.of(Code.DEADLINE_EXCEEDED, Code.CANCELLED);

  /** Calls its caller back somehow, as the request says, and then answers with the request. */
  private static final class Wandering extends EchoGrpc.EchoImplBase {
    private final EchoService echo = new EchoService();
    private final AtomicInteger running;

    Wandering(AtomicInteger running) {
      this.running = running;
    }

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      running.incrementAndGet();
      try {
        Random random = new Random(31L * request.getText().hashCode() + request.getCount());
        if (request.getCount() > 0) {
          Note less = request.toBuilder().setCount(request.getCount() - 1).build();
          callSomehow(Callers.caller(), random, less);
        }
        responses.onNext(request);
        responses.onCompleted();
      } catch (Exception e) {
        responses.onError(e);
      } finally {
        running.decrementAndGet();
      }
    }

    @Override
    public StreamObserver<Note> chat(StreamObserver<Note> responses) {
      return echo.chat(responses);
    }
  }

  /** Makes a call, whose answer must be right unless it is given up. */
  private static void callSomehow(Channel channel, Random random, Note request) throws Exception {
    EchoGrpc.EchoBlockingStub blocking = EchoGrpc.newBlockingStub(channel);
    int micros = (int) Math.exp(random.nextDouble() * 12);
    switch (random.nextInt(6)) {
      case 0 -> LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(500)));
      case 1 -> assertThat(blocking.unary(request)).isEqualTo(request);
      case 2 ->
          assertThat(blocking.withDeadlineAfter(micros, TimeUnit.MICROSECONDS).unary(request))
              .isEqualTo(request);
      case 3 -> {
        ListenableFuture<Note> given = EchoGrpc.newFutureStub(channel).unary(request);
        try {
          assertThat(given.get(micros, TimeUnit.MICROSECONDS)).isEqualTo(request);
        } catch (TimeoutException e) {
          given.cancel(true);
        }
      }
      case 4 -> {
        ListenableFuture<Note> one = EchoGrpc.newFutureStub(channel).unary(request);
        ListenableFuture<Note> other = EchoGrpc.newFutureStub(channel).unary(request);
        assertThat(one.get()).isEqualTo(request);
        assertThat(other.get()).isEqualTo(request);
      }
      default -> {
        BlockingClientCall<Note, Note> chat =
            ClientCalls.blockingBidiStreamingCall(
                channel, EchoGrpc.getChatMethod(), CallOptions.DEFAULT);
        for (int turn = 0; turn < 3; turn++) {
          chat.write(request);
          assertThat(chat.read()).isEqualTo(request);
        }
        chat.halfClose();
        assertThat(chat.read()).isNull();
      }
    }
  }

  /** Calls from many threads at once; answers with all outcomes once nobody waits any more. */
  private static Set<Code> stress(Channel channel, AtomicInteger running, Runnable meanwhile)
      throws Exception {
    Set<Code> outcomes = ConcurrentHashMap.newKeySet();
    ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
    try {
      List<Future<?>> ends = new ArrayList<>();
      for (int caller = 0; caller < CALLERS; caller++) {
        Random random = new Random(caller);
        ends.add(
            callers.submit(
                () -> {
                  for (int call = 0; call < CALLS; call++) {
                    outcomes.add(outcome(channel, random));
                  }
                  return null;
                }));
      }
      meanwhile.run();
      for (Future<?> end : ends) {
        end.get(2 * Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
      }
    } finally {
      callers.shutdownNow();
    }
    long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(Setting.PATIENCE_SECONDS);
    while (running.get() > 0 && patience - System.nanoTime() > 0) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
    assertWithMessage("handlers that are left waiting").that(running.get()).isEqualTo(0);
    return outcomes;
  }

  private static Code outcome(Channel channel, Random random) throws Exception {
    String text = "n" + random.nextLong();
    Note request = Note.newBuilder().setText(text).setCount(random.nextInt(DEEPEST)).build();
    try {
      callSomehow(channel, random, request);
      return Code.OK;
    } catch (Exception e) {
      Status status = Status.fromThrowable(e);
      if (status.getCode() == Code.UNKNOWN) {
        throw e;
      }
      return status.getCode();
    }
  }

  @ParameterizedTest
  @EnumSource
  void randomCallsBackLeaveNobodyWaiting(Setting.Transport transport) throws Exception {
    AtomicInteger running = new AtomicInteger();
    try (LookUps off = LookUps.off();
        QuietTime time = QuietTime.of(TimeUnit.MILLISECONDS.toNanos(5));
        Setting setting = new Setting(transport)) {
      setting.start(setting.server().addService(Callers.known(new Wandering(running))));
      ManagedChannel channel =
          setting.open(setting.channel().addService(Callers.known(new Wandering(running))));
      Set<Code> outcomes = stress(channel, running, () -> {});
      assertThat(outcomes).contains(Code.OK);
      outcomes.remove(Code.OK);
      assertThat(GIVEN_UP).containsAtLeastElementsIn(outcomes);
      if (transport != Setting.Transport.PAIR) {
        setting.awaitAway(); // no call is left for which somebody would have to read
      }
      // The connection is as good as new.
      assertThat(EchoGrpc.newBlockingStub(channel).unary(note("after"))).isEqualTo(note("after"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void anEndInTheMiddleOfThemLeavesNobodyWaiting(Setting.Transport transport) throws Exception {
    for (int end = 0; end < 4; end++) {
      AtomicInteger running = new AtomicInteger();
      try (LookUps off = LookUps.off();
          Setting setting = new Setting(transport)) {
        Server server =
            setting.start(setting.server().addService(Callers.known(new Wandering(running))));
        ManagedChannel channel =
            setting.open(setting.channel().addService(Callers.known(new Wandering(running))));
        assertThat(EchoGrpc.newBlockingStub(channel).unary(note("up"))).isEqualTo(note("up"));
        int way = end;
        Runnable ends =
            () -> {
              LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(30));
              switch (way) {
                case 0 -> channel.shutdown();
                case 1 -> channel.shutdownNow();
                case 2 -> server.shutdown();
                default -> server.shutdownNow();
              }
            };
        assertThat(stress(channel, running, ends)).contains(Code.UNAVAILABLE);
        if (way < 2) {
          assertThat(channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
        } else {
          assertThat(server.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
        }
      }
    }
  }
}
