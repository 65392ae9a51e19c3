package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.collect.ImmutableList;
import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.call.QuietTime;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Handlers that call their caller back, over the connection by which they were called. */
@Timeout(Setting.PATIENCE_SECONDS)
final class CallBackTest {
  private static final int DEEP = 7;
  private static final int MANY = 100;

  /** Answers with what its caller answers, in each of the four kinds; all of them must agree. */
  private static final class FourKinds extends EchoGrpc.EchoImplBase {
    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      Channel caller = Callers.caller();
      try {
        assertThat(EchoGrpc.newBlockingStub(caller).unary(request)).isEqualTo(request);
        Note twice = request.toBuilder().setCount(2).build();
        assertThat(ImmutableList.copyOf(EchoGrpc.newBlockingStub(caller).repeat(twice)))
            .containsExactly(twice, twice);
        assertThat(collect(caller, request).getCount()).isEqualTo(2);
        BlockingClientCall<Note, Note> chat =
            ClientCalls.blockingBidiStreamingCall(
                caller, EchoGrpc.getChatMethod(), CallOptions.DEFAULT);
        for (int turn = 0; turn < 10; turn++) {
          assertThat(chat.write(request)).isTrue();
          assertThat(chat.read()).isEqualTo(request);
        }
        chat.halfClose();
        assertThat(chat.read()).isNull();
        responses.onNext(request);
        responses.onCompleted();
      } catch (Exception e) {
        responses.onError(Status.ABORTED.withDescription(e.toString()).asException());
      }
    }

    private static Note collect(Channel caller, Note request) throws Exception {
      CompletableFuture<Note> answer = new CompletableFuture<>();
      StreamObserver<Note> requests =
          EchoGrpc.newStub(caller)
              .collect(
                  new StreamObserver<>() {
                    @Override
                    public void onNext(Note response) {
                      answer.complete(response);
                    }

                    @Override
                    public void onError(Throwable failure) {
                      answer.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {}
                  });
      requests.onNext(request);
      requests.onNext(request);
      requests.onCompleted();
      return answer.get();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aHandlerCallsItsCallerBackInEachOfTheFourKinds(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.start(setting.server().addService(Callers.known(new FourKinds())));
      Channel channel = setting.open(setting.channel().addService(new EchoService()));
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
      for (int call = 0; call < 50; call++) {
        assertThat(stub.unary(note("back"))).isEqualTo(note("back"));
      }
    }
  }

  /** Has its caller count down, and so on; answers with how many have. */
  private static final class Nesting extends EchoGrpc.EchoImplBase {
    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      if (request.getCount() == 0) {
        responses.onNext(request);
      } else {
        Note less = request.toBuilder().setCount(request.getCount() - 1).build();
        Note answer = EchoGrpc.newBlockingStub(Callers.caller()).unary(less);
        responses.onNext(answer.toBuilder().setCount(answer.getCount() + 1).build());
      }
      responses.onCompleted();
    }

    /** The same, waiting for a future. */
    @Override
    public void repeat(Note request, StreamObserver<Note> responses) {
      try {
        Note answer = EchoGrpc.newFutureStub(Callers.caller()).unary(request).get();
        responses.onNext(answer);
        responses.onCompleted();
      } catch (Exception e) {
        responses.onError(e);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void callsBackNestSevenDeep(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.start(setting.server().addService(Callers.known(new Nesting())));
      Channel channel = setting.open(setting.channel().addService(Callers.known(new Nesting())));
      Note deep = Note.newBuilder().setCount(DEEP).build();
      for (int call = 0; call < 50; call++) {
        assertThat(EchoGrpc.newBlockingStub(channel).unary(deep)).isEqualTo(deep);
        assertThat(EchoGrpc.newFutureStub(channel).unary(deep).get()).isEqualTo(deep);
        assertThat(EchoGrpc.newBlockingStub(channel).repeat(deep).next()).isEqualTo(deep);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void manyCallBackAtOnce(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.start(setting.server().addService(Callers.known(new Nesting())));
      Channel channel = setting.open(setting.channel().addService(Callers.known(new Nesting())));
      Note deep = Note.newBuilder().setCount(3).build();
      List<ListenableFuture<Note>> all = new ArrayList<>();
      for (int call = 0; call < MANY; call++) {
        all.add(EchoGrpc.newFutureStub(channel).unary(deep));
      }
      for (ListenableFuture<Note> one : all) {
        assertThat(one.get()).isEqualTo(deep);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCallerThatMakesNoCallIsCalled(Setting.Transport transport) throws Exception {
    try (QuietTime time = QuietTime.of(TimeUnit.MILLISECONDS.toNanos(5));
        Setting setting = new Setting(transport)) {
      Callers.Keeping keeping = new Callers.Keeping();
      setting.start(setting.server().addService(Callers.known(keeping)));
      ManagedChannel channel = setting.open(setting.channel().addService(new EchoService()));
      Channel caller = keeping.callerOf(channel);
      for (int call = 0; call < 20; call++) {
        if (call % 4 == 0 && transport != Setting.Transport.PAIR) {
          setting.awaitAway(); // nobody reads either end
        }
        Note request = note("kept " + call);
        assertThat(EchoGrpc.newBlockingStub(caller).unary(request)).isEqualTo(request);
        assertThat(EchoGrpc.newFutureStub(caller).unary(request).get()).isEqualTo(request);
      }
      assertThat(keeping.callerOf(channel)).isSameInstanceAs(caller);
    }
  }

  @Test
  void aCallerThatOffersNothingSaysSo() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Callers.Keeping keeping = new Callers.Keeping();
      setting.start(setting.server().addService(Callers.known(keeping)));
      EchoGrpc.EchoBlockingStub back = EchoGrpc.newBlockingStub(keeping.callerOf(setting.open()));
      StatusRuntimeException refused =
          assertThrows(StatusRuntimeException.class, () -> back.unary(note("back")));
      assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
      assertThat(refused.getStatus().getDescription())
          .isEqualTo("Method not found: samehost.test.Echo/Unary");
    }
  }
}
