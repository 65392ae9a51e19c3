package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static dev.samehost.Setting.note;

import com.google.common.collect.ImmutableList;
import dev.samehost.call.LookUps;
import dev.samehost.call.QuietTime;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections over which nothing came for a while: they have no thread, and lack nothing. */
@EnabledOnOs(OS.LINUX) // elsewhere the threads stay
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class AwayReadersTest {
  private static final long RUN_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final QuietTime time = QuietTime.of(TimeUnit.MILLISECONDS.toNanos(20));

  @AfterEach
  void usualTime() {
    time.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void callsOfEachKindBringTheReadersBackAndTheyLeaveAgain(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      for (int i = 0; i < 10; i++) {
        assertThat(EchoGrpc.newBlockingStub(channel).unary(note("a"))).isEqualTo(note("a"));
        setting.awaitAway();
        assertThat(EchoGrpc.newFutureStub(channel).unary(note("b")).get()).isEqualTo(note("b"));
        setting.awaitAway();
        Note twice = Note.newBuilder().setCount(2).build();
        assertThat(ImmutableList.copyOf(EchoGrpc.newBlockingStub(channel).repeat(twice)))
            .hasSize(2);
        setting.awaitAway();
      }
    }
  }

  @Test
  void aReaderStaysWhereTheLinkCannotBeWatched() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      // Whose links forward everything but being watched.
      String address = setting.address().replace("test-pair:", "watched-pair:");
      ManagedChannel channel = setting.open(SamehostChannelBuilder.forAddress(address));
      for (int i = 0; i < 3; i++) {
        assertThat(EchoGrpc.newFutureStub(channel).unary(note("a")).get()).isEqualTo(note("a"));
        TimeUnit.MILLISECONDS.sleep(50);
        setting.awaitAway(); // the server's
        assertThat(Setting.readers(address)).isEqualTo(1);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void aReaderStaysWhileACallIsOpen(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      BlockingQueue<Note> answers = new LinkedBlockingQueue<>();
      StreamObserver<Note> requests = EchoGrpc.newStub(channel).chat(into(answers));
      for (int i = 0; i < 3; i++) {
        requests.onNext(note("a"));
        assertThat(answers.take()).isEqualTo(note("a"));
        TimeUnit.MILLISECONDS.sleep(50);
        assertThat(setting.readers()).isAtLeast(2);
      }
      requests.onCompleted();
      setting.awaitAway();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void aReaderLeavesAfterACallThatTookLong(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      EchoGrpc.EchoImplBase slow =
          new EchoGrpc.EchoImplBase() {
            @Override
            public void unary(Note request, StreamObserver<Note> answers) {
              LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
              answers.onNext(request);
              answers.onCompleted();
            }
          };
      setting.start(setting.server().addService(slow));
      ManagedChannel channel = setting.open();
      assertThat(EchoGrpc.newBlockingStub(channel).unary(note("a"))).isEqualTo(note("a"));
      setting.awaitAway();
      assertThat(EchoGrpc.newFutureStub(channel).unary(note("b")).get()).isEqualTo(note("b"));
      setting.awaitAway();
    }
  }

  private static StreamObserver<Note> into(Queue<Note> answers) {
    return new StreamObserver<>() {
      @Override
      public void onNext(Note answer) {
        answers.add(answer);
      }

      @Override
      public void onError(Throwable failure) {
        answers.add(note(failure.toString()));
      }

      @Override
      public void onCompleted() {}
    };
  }

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void theEndOfTheServerIsSeenWhileTheReaderIsAway(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      Server server = setting.startEcho();
      ManagedChannel channel = setting.open();
      assertThat(EchoGrpc.newBlockingStub(channel).unary(note("a"))).isEqualTo(note("a"));
      setting.awaitAway();
      assertThat(channel.getState(false)).isEqualTo(ConnectivityState.READY);
      CountDownLatch changed = new CountDownLatch(1);
      channel.notifyWhenStateChanged(ConnectivityState.READY, changed::countDown);
      server.shutdown();
      assertThat(changed.await(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(server.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void aChannelWhoseReaderIsAwayCanBeShutDown(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      assertThat(EchoGrpc.newBlockingStub(channel).unary(note("a"))).isEqualTo(note("a"));
      setting.awaitAway();
      channel.shutdown();
      assertThat(channel.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
      setting.awaitAway();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void aServerWhoseReadersAreAwayCanBeShutDownAtOnce(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      Server server = setting.startEcho();
      assertThat(setting.blocking().unary(note("a"))).isEqualTo(note("a"));
      setting.awaitAway();
      server.shutdownNow();
      assertThat(server.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
  }

  /**
   * Calls of every kind, between which the readers leave after a time between none and that of a
   * few calls: a wake-up that is lost on the way leaves a caller waiting for good.
   */
  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void whoCallsWhileReadersComeAndGoIsAnswered(Setting.Transport transport) throws Exception {
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    try (LookUps off = LookUps.off();
        Setting setting = new Setting(transport)) {
      setting.start(setting.server().addService(new RandomCall.Service()));
      List<Thread> callers = new ArrayList<>();
      for (int callersOfOne : List.of(1, 1, 1, 3)) {
        RandomCall call = new RandomCall(setting.open(), clock);
        for (int i = 0; i < callersOfOne; i++) {
          callers.add(new Thread(() -> keepCalling(call, failures)));
        }
      }
      for (Thread caller : callers) {
        caller.setDaemon(true);
        caller.start();
      }
      for (Thread caller : callers) {
        caller.join(TimeUnit.SECONDS.toMillis(Setting.PATIENCE_SECONDS));
        assertWithMessage("%s waits", List.of(caller.getStackTrace()))
            .that(caller.isAlive())
            .isFalse();
      }
      assertThat(failures).isEmpty();
    } finally {
      clock.shutdownNow();
    }
  }

  private void keepCalling(RandomCall call, Queue<Throwable> failures) {
    Random random = new Random();
    long end = System.nanoTime() + RUN_NANOS;
    try {
      while (end - System.nanoTime() > 0 && failures.isEmpty()) {
        time.set(random.nextInt(600_000));
        call.make(random);
        LockSupport.parkNanos(random.nextInt(600_000));
      }
    } catch (Throwable e) {
      failures.add(e);
    }
  }
}
