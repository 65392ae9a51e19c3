package dev.samehost;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whoever asks for answers gets them, at whatever moment of the call it asks. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class WantedAnswersTest {
  private static final int ROUNDS = 2_000;

  private final CyclicBarrier start = new CyclicBarrier(2);

  /** Counts the answers of one call. */
  private static final class Counting extends ClientCall.Listener<Note> {
    private final CompletableFuture<Integer> answers = new CompletableFuture<>();
    private int count;

    @Override
    public void onMessage(Note answer) {
      count++;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      answers.complete(status.isOk() ? count : -1);
    }
  }

  @Test
  void alsoWhileTheCallLeaves() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      Channel channel = setting.open();
      for (int i = 0; i < ROUNDS; i++) {
        ClientCall<Note, Note> call =
            channel.newCall(EchoGrpc.getRepeatMethod(), CallOptions.DEFAULT);
        Counting counting = new Counting();
        call.start(counting, new Metadata());
        call.request(1);
        call.sendMessage(Note.newBuilder().setCount(2).build());
        Thread asking = new Thread(() -> askAtOnce(call));
        asking.start();
        start.await();
        call.halfClose();
        assertThat(counting.answers.get()).isEqualTo(2);
        asking.join();
      }
    }
  }

  private void askAtOnce(ClientCall<Note, Note> call) {
    try {
      start.await();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    call.request(1);
  }
}
