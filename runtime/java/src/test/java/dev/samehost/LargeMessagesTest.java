package dev.samehost;

import static com.google.common.truth.Truth.assertThat;

import com.google.protobuf.ByteString;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages that come in many pieces, whose memory is used again by others. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class LargeMessagesTest {
  private static final int THREADS = 4;
  private static final int ROUNDS = 12;
  private static final int MOST_BYTES = 1_200_000;

  /** A message that is like no other. */
  private static Note random(Random random) {
    byte[] bytes = new byte[random.nextInt(MOST_BYTES)];
    random.nextBytes(bytes);
    return Note.newBuilder().setData(ByteString.copyFrom(bytes)).build();
  }

  private static Void unary(EchoGrpc.EchoBlockingStub stub, Random random) {
    for (int round = 0; round < ROUNDS; round++) {
      Note message = random(random);
      assertThat(stub.unary(message).equals(message)).isTrue();
    }
    return null;
  }

  private static Void repeat(EchoGrpc.EchoBlockingStub stub, Random random) {
    Note message = random(random).toBuilder().setCount(ROUNDS).build();
    int count = 0;
    for (Iterator<Note> answers = stub.repeat(message); answers.hasNext(); count++) {
      assertThat(answers.next().equals(message)).isTrue();
    }
    assertThat(count).isEqualTo(ROUNDS);
    return null;
  }

  private static Void chat(EchoGrpc.EchoStub stub, Random random) throws Exception {
    List<Note> messages = new ArrayList<>();
    StockStubsTest.Recorder answers = new StockStubsTest.Recorder();
    StreamObserver<Note> requests = stub.chat(answers);
    for (int round = 0; round < ROUNDS; round++) {
      messages.add(random(random));
      requests.onNext(messages.get(round));
    }
    requests.onCompleted();
    answers.awaitEnd();
    assertThat(answers.failure).isNull();
    assertThat(answers.notes.equals(messages)).isTrue();
    return null;
  }

  @ParameterizedTest
  @EnumSource
  void theyArriveAsTheyWereSentWhateverElseIsSent(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub blocking = setting.blocking();
      EchoGrpc.EchoStub async = EchoGrpc.newStub(setting.open());
      List<Callable<Void>> all = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        Random random = new Random(thread);
        all.add(() -> unary(blocking, random));
        all.add(() -> repeat(blocking, random));
        all.add(() -> chat(async, random));
      }
      ExecutorService threads = Executors.newFixedThreadPool(all.size());
      try {
        for (Future<Void> one :
            threads.invokeAll(all, Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          one.get();
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }
}
