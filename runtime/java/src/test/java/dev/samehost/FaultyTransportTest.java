package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.WatchedTransport.Watch;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A transport that throws what none may costs its connection, and every call is told so. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class FaultyTransportTest {
  /** Never answers. */
  private static final class Silent extends EchoGrpc.EchoImplBase {
    final CountDownLatch called = new CountDownLatch(1);

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      called.countDown();
    }
  }

  private final Watch watch = new Watch();

  private ManagedChannel watched(Setting setting) {
    String address = setting.address().replace("test-pair:", "watched-pair:");
    return setting.open(
        SamehostChannelBuilder.forAddress(address).transportOption(WatchedTransport.WATCH, watch));
  }

  @Test
  void aBlockedCallerIsToldByAStatusAndNotByWhatTheTransportThrows() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.start(setting.server().addService(new Silent()));
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(watched(setting));
      watch.failsToAwait = Thread.currentThread();
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> stub.unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }

  @Test
  void aConnectionWhoseEndCannotBeExplainedTellsItsCallsAllTheSame() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      Silent handler = new Silent();
      Server server = setting.start(setting.server().addService(handler));
      ManagedChannel channel = watched(setting);
      watch.failsToExplain = true;
      ListenableFuture<Note> call = EchoGrpc.newFutureStub(channel).unary(note("x"));
      handler.called.await();
      watch.failsToAwait = reader(setting);
      server.shutdownNow(); // whoever reads now fails, before it is told of this
      ExecutionException failure =
          assertThrows(
              ExecutionException.class, () -> call.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS));
      assertThat(Status.fromThrowable(failure).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }

  /** The thread that reads the connection of the channel. */
  private static Thread reader(Setting setting) {
    String end = setting.address().replace("test-pair:", "watched-pair:");
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("samehost-reader-\\d+ " + end))
        .findAny()
        .orElseThrow();
  }
}
