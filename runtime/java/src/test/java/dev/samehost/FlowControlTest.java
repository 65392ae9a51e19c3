package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static dev.samehost.Setting.note;

import com.google.common.collect.Range;
import com.google.common.util.concurrent.Uninterruptibles;
import com.google.protobuf.ByteString;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.wire.Hello;
import io.grpc.ManagedChannel;
import io.grpc.stub.CallStreamObserver;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Iterator;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Credit: nobody holds up anybody, and nobody is flooded. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class FlowControlTest {
  private static Note bytes(int count, int seed) {
    byte[] bytes = new byte[count];
    new Random(seed).nextBytes(bytes);
    return Note.newBuilder().setData(ByteString.copyFrom(bytes)).build();
  }

  @ParameterizedTest
  @EnumSource
  void aMessageLargerThanTheCreditPasses(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      Note large = bytes(3 << 20, 1);
      assertThat(setting.blocking().unary(large)).isEqualTo(large);
    }
  }

  @Test
  void aStreamHasTheCreditOfALargeMessageFromItsBeginning() {
    Hello hello = Identity.hello(Encodings.DEFAULT, Identity.INITIAL_CREDIT, 0, 0, 0);
    assertThat(hello.initialCredit()).isEqualTo(1 << 20);
  }

  @ParameterizedTest
  @EnumSource
  void bothSidesWriteEightMegabytesAtOnce(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      Note piece = bytes(64 << 10, 2);
      CountDownLatch bothWrite = new CountDownLatch(1);
      setting.start(setting.server().addService(new Talker(piece, bothWrite)));
      AtomicInteger wrong = new AtomicInteger();
      StockStubsTest.Recorder answers = new StockStubsTest.Recorder();
      StreamObserver<Note> requests = EchoGrpc.newStub(setting.open()).chat(answers);
      for (int i = 0; i < 128; i++) {
        requests.onNext(piece);
        bothWrite.countDown();
      }
      requests.onCompleted();
      answers.awaitEnd();
      assertThat(answers.failure).isNull();
      answers.notes.forEach(note -> wrong.addAndGet(note.equals(piece) ? 0 : 1));
      assertThat(wrong.get()).isEqualTo(0);
      assertThat(answers.notes).hasSize(128);
    }
  }

  /** Writes 8 MiB without reading first, and ends when it has read as much. */
  private static final class Talker extends EchoGrpc.EchoImplBase {
    private final Note piece;
    private final CountDownLatch start;

    Talker(Note piece, CountDownLatch start) {
      this.piece = piece;
      this.start = start;
    }

    @Override
    public StreamObserver<Note> chat(StreamObserver<Note> responses) {
      Thread writer =
          new Thread(
              () -> {
                try {
                  start.await();
                } catch (InterruptedException e) {
                  return;
                }
                for (int i = 0; i < 128; i++) {
                  responses.onNext(piece);
                }
              });
      writer.start();
      return new StreamObserver<>() {
        private int count;

        @Override
        public void onNext(Note request) {
          count += request.equals(piece) ? 1 : 0;
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {
          try {
            writer.join();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          assertWithMessage("pieces that arrived whole").that(count).isEqualTo(128);
          responses.onCompleted();
        }
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void anUnreadStreamHoldsNobodyUp(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      ManagedChannel channel = setting.open();
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
      Note large = bytes(256 << 10, 3).toBuilder().setCount(64).build();
      Iterator<Note> unread = stub.repeat(large);
      for (int i = 0; i < 50; i++) {
        assertThat(stub.unary(note("beside it " + i))).isEqualTo(note("beside it " + i));
      }
      int count = 0;
      while (unread.hasNext()) {
        assertThat(unread.next()).isEqualTo(large);
        count++;
      }
      assertThat(count).isEqualTo(64);
    }
  }

  @Test
  void aClientThatWaitsForOnReadyIsCalledWheneverThereIsRoomAgain() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      CountDownLatch paused = new CountDownLatch(1);
      setting.start(
          setting
              .server()
              .addService(
                  new EchoGrpc.EchoImplBase() {
                    @Override
                    public StreamObserver<Note> collect(StreamObserver<Note> responses) {
                      Uninterruptibles.awaitUninterruptibly(paused); // and reads nothing before
                      return new EchoService().collect(responses);
                    }
                  }));
      Note piece = bytes(16 << 10, 4);
      CountDownLatch done = new CountDownLatch(1);
      AtomicInteger sent = new AtomicInteger();
      AtomicInteger received = new AtomicInteger();
      EchoGrpc.newStub(setting.open())
          .collect(
              new ClientResponseObserver<Note, Note>() {
                @Override
                public void beforeStart(ClientCallStreamObserver<Note> requests) {
                  requests.setOnReadyHandler(
                      () -> {
                        while (requests.isReady() && sent.get() < 500) {
                          requests.onNext(piece);
                          if (sent.incrementAndGet() == 500) {
                            requests.onCompleted();
                            return;
                          }
                        }
                        paused.countDown();
                      });
                }

                @Override
                public void onNext(Note answer) {
                  received.set(answer.getCount());
                }

                @Override
                public void onError(Throwable failure) {
                  done.countDown();
                }

                @Override
                public void onCompleted() {
                  done.countDown();
                }
              });
      assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(received.get()).isEqualTo(500);
    }
  }

  @Test
  void eitherSideSaysHowFarAheadTheOtherOneMayBe() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      CountDownLatch mayRead = new CountDownLatch(1);
      BlockingQueue<Integer> ahead = new LinkedBlockingQueue<>();
      setting.start(
          setting
              .server()
              .initialCredit(64 << 10)
              .addService(
                  new EchoGrpc.EchoImplBase() {
                    @Override
                    public void repeat(Note request, StreamObserver<Note> responses) {
                      ServerCallStreamObserver<Note> call =
                          (ServerCallStreamObserver<Note>) responses;
                      call.setOnReadyHandler(() -> ahead.add(sentUntilNotReady(call)));
                    }

                    @Override
                    public StreamObserver<Note> collect(StreamObserver<Note> responses) {
                      Uninterruptibles.awaitUninterruptibly(mayRead); // and reads nothing before
                      return new EchoService().collect(responses);
                    }
                  }));
      ManagedChannel channel = setting.open(setting.channel().initialCredit(128 << 10));
      Iterator<Note> unread = EchoGrpc.newBlockingStub(channel).repeat(note("on"));
      // What the credit is for, and what may wait in the stream.
      assertThat(ahead.take()).isIn(Range.closed(8, 8 + 4));
      EchoGrpc.newStub(channel)
          .collect(
              new ClientResponseObserver<Note, Note>() {
                @Override
                public void beforeStart(ClientCallStreamObserver<Note> requests) {
                  requests.setOnReadyHandler(() -> ahead.add(sentUntilNotReady(requests)));
                }

                @Override
                public void onNext(Note answer) {}

                @Override
                public void onError(Throwable failure) {}

                @Override
                public void onCompleted() {}
              });
      assertThat(ahead.take()).isIn(Range.closed(4, 4 + 4));
      mayRead.countDown();
      assertThat(unread.next()).isEqualTo(bytes(16 << 10, 6));
    }
  }

  private static int sentUntilNotReady(CallStreamObserver<Note> call) {
    int sent = 0;
    for (; call.isReady(); sent++) {
      call.onNext(bytes(16 << 10, 6));
    }
    return sent;
  }

  @Test
  void aHandlerIsNotReadyWhileItsClientDoesNotRead() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Note piece = bytes(16 << 10, 5);
      AtomicInteger sent = new AtomicInteger();
      CountDownLatch stalled = new CountDownLatch(1);
      setting.start(
          setting
              .server()
              .addService(
                  new EchoGrpc.EchoImplBase() {
                    @Override
                    public void repeat(Note request, StreamObserver<Note> responses) {
                      ServerCallStreamObserver<Note> call =
                          (ServerCallStreamObserver<Note>) responses;
                      call.setOnReadyHandler(
                          () -> {
                            while (call.isReady()) {
                              call.onNext(piece);
                              if (sent.incrementAndGet() == 200) {
                                call.onCompleted();
                                return;
                              }
                            }
                            stalled.countDown();
                          });
                    }
                  }));
      Iterator<Note> answers = setting.blocking().repeat(note("x"));
      assertThat(stalled.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(sent.get()).isLessThan(200);
      int count = 0;
      while (answers.hasNext()) {
        assertThat(answers.next()).isEqualTo(piece);
        count++;
      }
      assertThat(count).isEqualTo(200);
    }
  }
}
