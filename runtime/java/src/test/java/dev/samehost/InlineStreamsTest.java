package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A stream whose listener is called by the thread that reads, until the listener holds it up. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class InlineStreamsTest {
  /** How many messages a stream has each way. */
  private static final int MESSAGES = 200;

  /**
   * Of a stream that warms up: on a busy machine a longer one has to give way to others within it.
   */
  private static final int FEW_MESSAGES = 20;

  private static boolean isOnReader() {
    return Thread.currentThread().getName().startsWith("samehost-reader-");
  }

  /** What a listener has been told, and by which threads. It sends a message for each answer. */
  private static class Told implements StreamObserver<Note> {
    /** How many messages it has each way. */
    int messages = MESSAGES;

    /** How many messages are on the way at a time. */
    int window = 3;

    StreamObserver<Note> requests;
    int sent;
    final CompletableFuture<Void> end = new CompletableFuture<>();
    private final List<Integer> counts = new ArrayList<>(); // who waits for the end sees them
    private final List<Boolean> onReader = new ArrayList<>();
    private final AtomicInteger inside = new AtomicInteger();
    private int mostInside;

    @Override
    public void onNext(Note answer) {
      mostInside = Math.max(mostInside, inside.incrementAndGet());
      onReader.add(isOnReader());
      counts.add(answer.getCount());
      tell();
      send();
      inside.decrementAndGet();
    }

    /** What it does with a message. */
    void tell() {}

    synchronized void send() {
      if (sent < messages) {
        requests.onNext(Note.newBuilder().setCount(++sent).build());
      } else if (counts.size() == messages) {
        requests.onCompleted();
      }
    }

    @Override
    public void onError(Throwable failure) {
      end.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
      end.complete(null);
    }

    void await() throws Exception {
      end.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertThat(mostInside).isEqualTo(1);
      assertThat(counts).hasSize(messages);
      assertThat(counts).isInStrictOrder();
    }
  }

  private static <T extends Told> T start(EchoGrpc.EchoStub stub, T told) {
    synchronized (told) {
      told.requests = stub.chat(told);
      while (told.sent < told.window) {
        told.send();
      }
    }
    return told;
  }

  private static <T extends Told> T start(ManagedChannel channel, T told) {
    return start(EchoGrpc.newStub(channel), told);
  }

  /** Streams until the reader calls the listener, though loading its classes took its time. */
  private static void warmUp(ManagedChannel channel) throws Exception {
    boolean isWarm = false;
    while (!isWarm) {
      Told told = new Told();
      told.messages = FEW_MESSAGES;
      start(channel, told).await();
      isWarm = !told.onReader.contains(false);
    }
  }

  /** Waits at its first message on the reader, until it may go on. */
  private static final class Waiting extends Told {
    private final CountDownLatch waits = new CountDownLatch(1);
    private final CountDownLatch mayGo = new CountDownLatch(1);

    @Override
    void tell() {
      if (isOnReader() && waits.getCount() > 0) {
        waits.countDown();
        Uninterruptibles.awaitUninterruptibly(mayGo);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aFastListenerOfAStreamIsCalledByTheThreadThatReads(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      warmUp(setting.open());
    }
  }

  @Test
  void whereTheUserHasSaidWhereListenersAreCalledTheyAreCalledThere() throws Exception {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      warmUp(channel);
      Told told = start(EchoGrpc.newStub(channel).withExecutor(executor), new Told());
      told.await();
      assertThat(told.onReader).doesNotContain(true);
    } finally {
      executor.shutdown();
    }
  }

  @Test
  void aListenerThatTurnsOutToBeSlowIsCalledElsewhereFromThenOnInOrder() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      warmUp(channel);
      Told slow =
          new Told() {
            {
              window = 1; // so that it is told of each by itself
            }

            @Override
            void tell() {
              Uninterruptibles.sleepUninterruptibly(100, TimeUnit.MICROSECONDS);
            }
          };
      start(channel, slow).await();
      int last = slow.onReader.lastIndexOf(true);
      assertThat(last).isAtMost(MESSAGES / 2);
      Told next = start(channel, new Told());
      next.await();
      assertThat(next.onReader.get(0)).isFalse(); // the pace is the method's
    }
  }

  @ParameterizedTest
  @EnumSource
  void aListenerThatWaitsHoldsUpNoOtherCallOfItsChannel(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      warmUp(channel);
      Waiting waiting = new Waiting();
      List<Waiting> all = new ArrayList<>();
      while (waiting.waits.getCount() > 0) {
        waiting = start(channel, new Waiting());
        all.add(waiting);
        while (!waiting.end.isDone() && waiting.waits.getCount() > 0) {
          Thread.onSpinWait();
        }
      }
      for (int i = 0; i < 50; i++) {
        assertThat(EchoGrpc.newBlockingStub(channel).unary(note("y"))).isEqualTo(note("y"));
        start(channel, new Told()).await();
      }
      assertThat(waiting.end.isDone()).isFalse();
      waiting.mayGo.countDown();
      for (Waiting each : all) {
        each.await();
      }
      warmUp(channel); // whoever was relieved reads no more, and the channel is as good as new
    }
  }

  @ParameterizedTest
  @EnumSource
  void aListenerMayWaitForCallsOfItsOwnChannel(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      warmUp(channel);
      Told calling =
          new Told() {
            @Override
            void tell() {
              assertThat(EchoGrpc.newBlockingStub(channel).unary(note("inner")))
                  .isEqualTo(note("inner"));
            }
          };
      start(channel, calling).await();
    }
  }
}
