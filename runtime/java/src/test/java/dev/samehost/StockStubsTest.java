package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;

import com.google.common.collect.ImmutableList;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each kind of call, through each kind of stub that protoc-gen-grpc-java makes. */
@Timeout(Setting.PATIENCE_SECONDS)
final class StockStubsTest {
  @ParameterizedTest
  @EnumSource
  void blockingUnaryCallsAreAnswered(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      for (int i = 0; i < 100; i++) {
        assertThat(stub.unary(note("hello " + i))).isEqualTo(note("hello " + i));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBlockingIteratorGivesEveryAnswerInOrder(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      Note request = Note.newBuilder().setText("again").setCount(100).build();
      List<Note> answers = ImmutableList.copyOf(setting.blocking().repeat(request));
      assertThat(answers).isEqualTo(Collections.nCopies(100, request));
    }
  }

  @ParameterizedTest
  @EnumSource
  void futureCallsAreAnswered(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      EchoGrpc.EchoFutureStub stub = EchoGrpc.newFutureStub(setting.open());
      assertThat(stub.unary(note("later")).get(60, TimeUnit.SECONDS)).isEqualTo(note("later"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void clientStreamingCollects(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      Recorder answers = new Recorder();
      StreamObserver<Note> requests = EchoGrpc.newStub(setting.open()).collect(answers);
      for (int i = 0; i < 10; i++) {
        requests.onNext(note(Integer.toString(i)));
      }
      requests.onCompleted();
      answers.awaitEnd();
      assertThat(answers.failure).isNull();
      assertThat(answers.notes)
          .containsExactly(Note.newBuilder().setText("0123456789").setCount(10).build());
    }
  }

  @ParameterizedTest
  @EnumSource
  void bidirectionalStreamingAnswersEachMessage(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      Recorder answers = new Recorder();
      StreamObserver<Note> requests = EchoGrpc.newStub(setting.open()).chat(answers);
      List<Note> sent = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        sent.add(note("turn " + i));
        requests.onNext(sent.get(i));
      }
      requests.onCompleted();
      answers.awaitEnd();
      assertThat(answers.failure).isNull();
      assertThat(answers.notes).isEqualTo(sent);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theNewBlockingStubConverses(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingV2Stub stub = EchoGrpc.newBlockingV2Stub(setting.open());
      assertThat(stub.unary(note("one"))).isEqualTo(note("one"));
      BlockingClientCall<Note, Note> call = stub.chat();
      for (int i = 0; i < 10; i++) {
        assertThat(call.write(note("turn " + i))).isTrue();
        assertThat(call.read()).isEqualTo(note("turn " + i));
      }
      call.halfClose();
      assertThat(call.read()).isNull();
    }
  }

  /** Records what an asynchronous call answers. */
  static final class Recorder implements StreamObserver<Note> {
    final List<Note> notes = Collections.synchronizedList(new ArrayList<>());
    volatile Throwable failure;
    private final CountDownLatch end = new CountDownLatch(1);

    @Override
    public void onNext(Note note) {
      notes.add(note);
    }

    @Override
    public void onError(Throwable cause) {
      failure = cause;
      end.countDown();
    }

    @Override
    public void onCompleted() {
      end.countDown();
    }

    void awaitEnd() throws InterruptedException {
      assertThat(end.await(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
  }
}
