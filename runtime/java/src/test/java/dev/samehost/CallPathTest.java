package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import dev.samehost.WatchedTransport.Watch;
import dev.samehost.stub.Calls;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who reads the link, and on which threads listeners and handlers run. */
@Timeout(Setting.PATIENCE_SECONDS)
final class CallPathTest {
  private static SamehostChannelBuilder watched(Setting setting, Watch watch) {
    String address = setting.address().replace("test-pair:", "watched-pair:");
    return SamehostChannelBuilder.forAddress(address)
        .transportOption(WatchedTransport.WATCH, watch);
  }

  @Test
  void aBlockedCallerOfAStockStubReadsTheLinkItself() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      Watch watch = new Watch();
      EchoGrpc.EchoBlockingStub stub =
          EchoGrpc.newBlockingStub(setting.open(watched(setting, watch)));
      stub.unary(note("first")); // the background reader has the role: it is stolen
      watch.readers.clear();
      for (int i = 0; i < 100; i++) {
        stub.unary(note("call"));
      }
      // A thread that is not scheduled for a millisecond may find the background reader there.
      assertThat(watch.readsBy(Thread.currentThread())).isGreaterThan(10);
    }
  }

  @Test
  void aBlockedCallerOfOurOwnStubReadsTheLinkItself() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      Watch watch = new Watch();
      ManagedChannel channel = setting.open(watched(setting, watch));
      for (int i = 0; i < 100; i++) {
        Note answer =
            Calls.unary(channel, EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT, note("call"));
        assertThat(answer).isEqualTo(note("call"));
      }
      assertThat(watch.readsBy(Thread.currentThread())).isGreaterThan(10);
    }
  }

  @Test
  void aBlockedCallerOfTheNewStubReadsTheLinkItself() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      Watch watch = new Watch();
      EchoGrpc.EchoBlockingV2Stub stub =
          EchoGrpc.newBlockingV2Stub(setting.open(watched(setting, watch)));
      for (int i = 0; i < 100; i++) {
        assertThat(stub.unary(note("call"))).isEqualTo(note("call"));
      }
      assertThat(watch.readsBy(Thread.currentThread())).isGreaterThan(10);
      watch.readers.clear();
      BlockingClientCall<Note, Note> call = stub.chat();
      for (int i = 0; i < 1000; i++) {
        assertThat(call.write(note("turn"))).isTrue();
        assertThat(call.read()).isEqualTo(note("turn"));
      }
      call.halfClose();
      assertThat(call.read()).isNull();
      assertThat(watch.readsBy(Thread.currentThread())).isGreaterThan(100);
    }
  }

  @Test
  void aTimedReadOfTheNewStubEndsWhenNothingComes() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      BlockingClientCall<Note, Note> call =
          EchoGrpc.newBlockingV2Stub(setting.open())
              .withDeadlineAfter(300, TimeUnit.SECONDS)
              .chat();
      for (int i = 0; i < 3; i++) {
        assertThrows(TimeoutException.class, () -> call.read(20, TimeUnit.MILLISECONDS));
        call.write(note("late"));
        assertThat(call.read()).isEqualTo(note("late"));
      }
      call.cancel("done", null);
    }
  }

  @Test
  void theNewStubSendsOnOneThreadAndReceivesOnAnother() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      BlockingClientCall<Note, Note> call = EchoGrpc.newBlockingV2Stub(setting.open()).chat();
      Note large = Note.newBuilder().setData(ByteString.copyFrom(new byte[20_000])).build();
      CompletableFuture<Void> sent =
          CompletableFuture.runAsync(
              () -> {
                try {
                  for (int i = 0; i < 500; i++) {
                    call.write(large);
                  }
                  call.halfClose();
                } catch (InterruptedException | StatusException e) {
                  throw new IllegalStateException(e);
                }
              });
      int received = 0;
      while (call.read() != null) {
        received++;
      }
      sent.get(60, TimeUnit.SECONDS);
      assertThat(received).isEqualTo(500);
    }
  }

  @Test
  void aVirtualThreadNeverReadsTheLink() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      Watch watch = new Watch();
      EchoGrpc.EchoBlockingStub stub =
          EchoGrpc.newBlockingStub(setting.open(watched(setting, watch)));
      CompletableFuture<Note> answer = new CompletableFuture<>();
      // What the JDK documents of virtual threads, which this JDK may not have.
      Thread caller =
          new Thread(
              new ThreadGroup("VirtualThreads"),
              () -> {
                for (int i = 0; i < 20; i++) {
                  stub.unary(note("call"));
                }
                answer.complete(stub.unary(note("last")));
              });
      caller.start();
      assertThat(answer.get(60, TimeUnit.SECONDS)).isEqualTo(note("last"));
      assertThat(watch.readsBy(caller)).isEqualTo(0);
    }
  }

  @Test
  void aUnaryCallIsOneWrite() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      Watch watch = new Watch();
      EchoGrpc.EchoBlockingStub stub =
          EchoGrpc.newBlockingStub(setting.open(watched(setting, watch)));
      stub.unary(note("first"));
      int before = watch.writes.get();
      for (int i = 0; i < 10; i++) {
        stub.unary(note("call"));
      }
      assertThat(watch.writes.get() - before).isEqualTo(10);
    }
  }

  @Test
  void callsThatAreMadeAtOnceShareAWriteNowAndThen() throws Exception {
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1);
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      Watch watch = new Watch();
      ManagedChannel channel = setting.open(watched(setting, watch));
      EchoGrpc.newBlockingStub(channel).unary(note("first"));
      int before = watch.writes.get();
      AtomicInteger calls = new AtomicInteger();
      AtomicBoolean shared = new AtomicBoolean();
      ExecutorService callers = Executors.newFixedThreadPool(4);
      List<Future<?>> ends = new ArrayList<>();
      for (int caller = 0; caller < 4; caller++) {
        ends.add(
            callers.submit(
                () -> {
                  EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
                  while (!shared.get()) {
                    assertThat(stub.unary(note("call"))).isEqualTo(note("call"));
                    int made = calls.incrementAndGet();
                    if (watch.writes.get() - before < made) {
                      shared.set(true);
                    }
                  }
                }));
      }
      for (Future<?> end : ends) {
        end.get();
      }
      callers.shutdown();
    }
  }

  @Test
  void listenersRunOnTheChannelsExecutorAndNeverOnABlockedCaller() throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(2, r -> new Thread(r, "mine"));
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ManagedChannel channel = setting.open(setting.channel().executor(executor));
      assertThat(threadsOfListeners(channel)).containsExactly("mine");
    } finally {
      executor.shutdown();
    }
  }

  @Test
  void withADirectExecutorListenersRunOnTheReaderAndNeverOnABlockedCaller() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ManagedChannel channel = setting.open(setting.channel().directExecutor());
      for (String thread : threadsOfListeners(channel)) {
        assertThat(thread).startsWith("samehost-reader-");
      }
    }
  }

  /** Streams answers to a listener while this thread makes blocking calls on the same link. */
  private static Set<String> threadsOfListeners(ManagedChannel channel) throws Exception {
    Set<String> threads = ConcurrentHashMap.newKeySet();
    CompletableFuture<Integer> end = new CompletableFuture<>();
    Note request = Note.newBuilder().setText("answer").setCount(200).build();
    EchoGrpc.newStub(channel)
        .repeat(
            request,
            new StreamObserver<>() {
              private int count;

              @Override
              public void onNext(Note answer) {
                count++;
                threads.add(Thread.currentThread().getName());
              }

              @Override
              public void onError(Throwable failure) {
                end.completeExceptionally(failure);
              }

              @Override
              public void onCompleted() {
                end.complete(count);
              }
            });
    EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
    for (int i = 0; i < 100; i++) {
      stub.unary(note("beside it"));
    }
    assertThat(end.get(60, TimeUnit.SECONDS)).isEqualTo(200);
    return threads;
  }

  @Test
  void aListenerOnTheReaderMayMakeABlockingCall() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      ManagedChannel channel = setting.open(setting.channel().directExecutor());
      CompletableFuture<Note> nested = new CompletableFuture<>();
      EchoGrpc.newStub(channel)
          .unary(
              note("outer"),
              new StreamObserver<>() {
                @Override
                public void onNext(Note answer) {
                  nested.complete(EchoGrpc.newBlockingStub(channel).unary(note("inner")));
                }

                @Override
                public void onError(Throwable failure) {
                  nested.completeExceptionally(failure);
                }

                @Override
                public void onCompleted() {}
              });
      assertThat(nested.get(60, TimeUnit.SECONDS)).isEqualTo(note("inner"));
    }
  }

  @Test
  void handlersOfADirectExecutorRunOnTheirConnectionsReader() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      CompletableFuture<String> thread = new CompletableFuture<>();
      setting.start(
          setting
              .server()
              .directExecutor()
              .addService(
                  new EchoGrpc.EchoImplBase() {
                    @Override
                    public void unary(Note request, StreamObserver<Note> responses) {
                      thread.complete(Thread.currentThread().getName());
                      responses.onNext(request);
                      responses.onCompleted();
                    }
                  }));
      assertThat(setting.blocking().unary(note("x"))).isEqualTo(note("x"));
      assertThat(thread.get()).startsWith("samehost-server-");
    }
  }

  @Test
  void whatIsRequestedAfterTheConnectionHasEndedReachesADirectExecutorToo() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Server server = setting.startEcho();
      ManagedChannel channel = setting.open(setting.channel().directExecutor());
      ClientCall<Note, Note> call =
          channel.newCall(EchoGrpc.getRepeatMethod(), CallOptions.DEFAULT);
      BlockingQueue<Note> answers = new LinkedBlockingQueue<>();
      CompletableFuture<Status> outcome = new CompletableFuture<>();
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onMessage(Note message) {
              answers.add(message);
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
              outcome.complete(status);
            }
          },
          new Metadata());
      call.request(1);
      call.sendMessage(Note.newBuilder().setCount(3).build());
      call.halfClose();
      assertThat(answers.poll(60, TimeUnit.SECONDS)).isNotNull();
      server.shutdown();
      assertThat(server.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      awaitReaderEnd(setting);
      call.request(5);
      assertThat(answers.poll(60, TimeUnit.SECONDS)).isNotNull();
      assertThat(answers.poll(60, TimeUnit.SECONDS)).isNotNull();
      assertThat(outcome.get(60, TimeUnit.SECONDS)).isEqualTo(Status.OK);
    }
  }

  /** Waits until the thread that read a channel's connection has gone. */
  private static void awaitReaderEnd(Setting setting) throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().matches("samehost-reader-\\d+ " + Pattern.quote(setting.address()))) {
        thread.join();
      }
    }
  }
}
