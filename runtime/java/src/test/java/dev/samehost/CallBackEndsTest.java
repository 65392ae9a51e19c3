package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.transport.Fault;
import io.grpc.Attributes;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How calls back end, and what becomes of those that are open when something else does. */
@Timeout(Setting.PATIENCE_SECONDS)
final class CallBackEndsTest {
  /** Keeps each call until it is told what to do with it. */
  private static final class Held extends EchoGrpc.EchoImplBase {
    final BlockingQueue<One> calls = new LinkedBlockingQueue<>();

    /** A call that is open, and what its handler knows of it. */
    record One(
        Channel caller, Context context, StreamObserver<Note> responses, CountDownLatch cancelled) {
      void answer() {
        responses.onNext(note("answered"));
        responses.onCompleted();
      }
    }

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      Context context = Context.current();
      CountDownLatch cancelled = new CountDownLatch(1);
      context.addListener(ended -> cancelled.countDown(), Runnable::run);
      calls.add(new One(Callers.caller(), context, responses, cancelled));
    }
  }

  /** A server and a client that both hold the calls that they get. */
  private static final class Both implements AutoCloseable {
    final Setting setting;
    final Held atServer = new Held();
    final Held atClient = new Held();
    final CountDownLatch disconnected = new CountDownLatch(1);
    final Server server;
    final ManagedChannel channel;

    Both(Setting.Transport transport) throws Exception {
      setting = new Setting(transport);
      server =
          setting.start(
              setting
                  .server()
                  .addService(Callers.known(atServer))
                  .addTransportFilter(
                      new ServerTransportFilter() {
                        @Override
                        public void transportTerminated(Attributes attributes) {
                          disconnected.countDown();
                        }
                      }));
      channel = setting.open(setting.channel().addService(Callers.known(atClient)));
    }

    /** A call of the client's, which the server holds from then on. */
    ListenableFuture<Note> call() {
      return EchoGrpc.newFutureStub(channel).unary(note("call"));
    }

    /** The channel back to a client whose call is over. */
    Channel kept() throws Exception {
      ListenableFuture<Note> call = call();
      Held.One one = atServer.calls.take();
      one.answer();
      assertThat(call.get()).isEqualTo(note("answered"));
      return one.caller();
    }

    /** A text of {@link Fault#CALLER_GONE}, whoever is called back. */
    String gone() {
      return Fault.CALLER_GONE.text(setting.address());
    }

    @Override
    public void close() throws Exception {
      setting.close();
    }
  }

  private static ListenableFuture<Note> callBack(Channel caller) {
    return EchoGrpc.newFutureStub(caller).unary(note("back"));
  }

  private static Status failure(ListenableFuture<Note> call) {
    ExecutionException failure = assertThrows(ExecutionException.class, call::get);
    return Status.fromThrowable(failure);
  }

  private static void assertGone(Channel caller, String text) {
    for (EchoGrpc.EchoFutureStub stub :
        new EchoGrpc.EchoFutureStub[] {
          EchoGrpc.newFutureStub(caller), EchoGrpc.newFutureStub(caller).withWaitForReady()
        }) {
      Status status = failure(stub.unary(note("late")));
      assertThat(status.getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(status.getDescription()).isEqualTo(text);
    }
    StatusRuntimeException blocked =
        assertThrows(
            StatusRuntimeException.class,
            () -> EchoGrpc.newBlockingStub(caller).withWaitForReady().unary(note("late")));
    assertThat(blocked.getStatus().getDescription()).isEqualTo(text);
  }

  @ParameterizedTest
  @EnumSource
  void aCallerWhoseChannelWasShutDownIsGone(Setting.Transport transport) throws Exception {
    try (Both both = new Both(transport)) {
      Channel caller = both.kept();
      both.channel.shutdown();
      assertThat(both.channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      both.disconnected.await();
      assertGone(caller, both.gone());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aServerThatWasShutDownBeginsNoCallBack(Setting.Transport transport) throws Exception {
    try (Both both = new Both(transport)) {
      ListenableFuture<Note> open = both.call();
      Held.One held = both.atServer.calls.take();
      ListenableFuture<Note> back = callBack(held.caller());
      Held.One heldBack = both.atClient.calls.take();
      both.server.shutdown();
      assertGone(held.caller(), both.gone());
      assertThat(both.server.isTerminated()).isFalse();
      // What was open goes on, both ways.
      heldBack.answer();
      assertThat(back.get()).isEqualTo(note("answered"));
      held.answer();
      assertThat(open.get()).isEqualTo(note("answered"));
      assertThat(both.server.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      assertGone(heldBack.caller(), both.gone());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aChannelThatIsShutDownLetsCallsBackThatAreOpenGoOn(Setting.Transport transport)
      throws Exception {
    try (Both both = new Both(transport)) {
      ListenableFuture<Note> back = callBack(both.kept());
      Held.One held = both.atClient.calls.take();
      both.channel.shutdown();
      assertThat(failure(both.call()).getCode()).isEqualTo(Code.UNAVAILABLE);
      assertGone(held.caller(), both.gone());
      assertThat(both.channel.isTerminated()).isFalse();
      held.answer();
      assertThat(back.get()).isEqualTo(note("answered"));
      assertThat(both.channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aChannelThatIsShutDownTakesNoNewCallBack(Setting.Transport transport) throws Exception {
    try (Both both = new Both(transport)) {
      ListenableFuture<Note> open = both.call();
      Held.One held = both.atServer.calls.take();
      ListenableFuture<Note> back = callBack(held.caller());
      Held.One heldBack = both.atClient.calls.take();
      both.channel.shutdown();
      assertGone(heldBack.caller(), both.gone());
      Status refused = failure(callBack(held.caller()));
      assertThat(refused.getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(refused.getDescription())
          .isEqualTo(Fault.CHANNEL_SHUTDOWN.text(both.setting.address()));
      held.answer();
      assertThat(open.get()).isEqualTo(note("answered"));
      heldBack.answer();
      assertThat(back.get()).isEqualTo(note("answered"));
      assertThat(both.channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      assertThat(both.atClient.calls).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aChannelThatIsShutDownNowEndsTheCallsOfBothDirections(Setting.Transport transport)
      throws Exception {
    try (Both both = new Both(transport)) {
      ListenableFuture<Note> open = both.call();
      Held.One held = both.atServer.calls.take();
      ListenableFuture<Note> back = callBack(held.caller());
      Held.One heldBack = both.atClient.calls.take();
      both.channel.shutdownNow();
      assertThat(failure(open).getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(failure(back).getCode()).isEqualTo(Code.UNAVAILABLE);
      held.cancelled().await();
      heldBack.cancelled().await();
      assertThat(both.channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aServerThatIsShutDownNowEndsTheCallsOfBothDirections(Setting.Transport transport)
      throws Exception {
    try (Both both = new Both(transport)) {
      ListenableFuture<Note> open = both.call();
      Held.One held = both.atServer.calls.take();
      ListenableFuture<Note> back = callBack(held.caller());
      Held.One heldBack = both.atClient.calls.take();
      both.server.shutdownNow();
      assertThat(failure(open).getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(failure(back).getCode()).isEqualTo(Code.UNAVAILABLE);
      held.cancelled().await();
      heldBack.cancelled().await();
      assertThat(both.server.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      assertGone(heldBack.caller(), both.gone());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCallThatIsCancelledTakesItsCallsBackWithIt(Setting.Transport transport) throws Exception {
    try (Both both = new Both(transport)) {
      ListenableFuture<Note> open = both.call();
      Held.One held = both.atServer.calls.take();
      ListenableFuture<Note> back = held.context().call(() -> callBack(held.caller()));
      Held.One heldBack = both.atClient.calls.take();
      open.cancel(true);
      assertThat(failure(back).getCode()).isEqualTo(Code.CANCELLED);
      heldBack.cancelled().await();
      // The connection is as good as new.
      assertThat(both.kept()).isSameInstanceAs(held.caller());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCallBackThatIsCancelledLeavesItsCallAlone(Setting.Transport transport) throws Exception {
    try (Both both = new Both(transport)) {
      ListenableFuture<Note> open = both.call();
      Held.One held = both.atServer.calls.take();
      ListenableFuture<Note> back = callBack(held.caller());
      Held.One heldBack = both.atClient.calls.take();
      back.cancel(true);
      heldBack.cancelled().await();
      held.answer();
      assertThat(open.get()).isEqualTo(note("answered"));
    }
  }

  @Test
  void aCallBackHasItsOwnDeadlineOrThatOfItsCall() throws Exception {
    try (Both both = new Both(Setting.Transport.UNIX)) {
      ListenableFuture<Note> open =
          EchoGrpc.newFutureStub(both.channel)
              .withDeadlineAfter(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)
              .unary(note("call"));
      Held.One held = both.atServer.calls.take();
      ListenableFuture<Note> inherited = held.context().call(() -> callBack(held.caller()));
      Held.One heldBack = both.atClient.calls.take();
      assertThat(heldBack.context().getDeadline().timeRemaining(TimeUnit.SECONDS))
          .isAtMost(Setting.PATIENCE_SECONDS);
      ListenableFuture<Note> hasty =
          EchoGrpc.newFutureStub(held.caller())
              .withDeadlineAfter(50, TimeUnit.MILLISECONDS)
              .unary(note("hasty"));
      Held.One hastyHeld = both.atClient.calls.take();
      assertThat(failure(hasty).getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
      hastyHeld.cancelled().await();
      heldBack.answer();
      assertThat(inherited.get()).isEqualTo(note("answered"));
      held.answer();
      assertThat(open.get()).isEqualTo(note("answered"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aNewConnectionOffersTheServicesAgain(Setting.Transport transport) throws Exception {
    try (Both both = new Both(transport)) {
      Channel old = both.kept();
      both.channel.enterIdle();
      both.disconnected.await();
      assertGone(old, both.gone());
      ListenableFuture<Note> back = callBack(both.kept());
      both.atClient.calls.take().answer();
      assertThat(back.get()).isEqualTo(note("answered"));
      assertGone(old, both.gone());
    }
  }

  @Test
  void aHundredCallsPassWhileHandlersWaitForTheirCallsBack() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Held atClient = new Held();
      setting.start(
          setting
              .server()
              .addService(
                  Callers.known(
                      new EchoGrpc.EchoImplBase() {
                        @Override
                        public void unary(Note request, StreamObserver<Note> responses) {
                          responses.onNext(
                              request.getCount() == 0
                                  ? request
                                  : EchoGrpc.newBlockingStub(Callers.caller()).unary(request));
                          responses.onCompleted();
                        }
                      })));
      ManagedChannel channel = setting.open(setting.channel().addService(Callers.known(atClient)));
      EchoGrpc.EchoBlockingStub blocking = EchoGrpc.newBlockingStub(channel);
      for (int round = 0; round < 20; round++) {
        ListenableFuture<Note> waits =
            EchoGrpc.newFutureStub(channel).unary(Note.newBuilder().setCount(1).build());
        Held.One held = atClient.calls.take();
        for (int call = 0; call < 100; call++) {
          assertThat(blocking.unary(note("passes"))).isEqualTo(note("passes"));
        }
        assertThat(waits.isDone()).isFalse();
        held.answer();
        assertThat(waits.get()).isEqualTo(note("answered"));
      }
    }
  }
}
