package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import java.util.Iterator;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a server has sent before its call fails is read by a client that takes its time. */
@Timeout(Setting.PATIENCE_SECONDS)
final class LastWordsTest {
  /** How the server goes on after three messages, and what the client is told behind them. */
  private enum End {
    RESET(RawPeer.header(4, 6, 0, 1, 14) + RawPeer.text("worn"), Status.Code.UNAVAILABLE),
    LINK("", Status.Code.UNAVAILABLE),
    INSIDE_A_MESSAGE(RawPeer.header(100, 4, 2, 1, 0) + "0a01", Status.Code.UNAVAILABLE),
    GOAWAY(RawPeer.header(6, 9, 0, 0, 1) + "08000000" + RawPeer.text("no"), Status.Code.INTERNAL),
    NONSENSE(RawPeer.header(0, 99, 0, 0, 0), Status.Code.INTERNAL);

    private final String frames;
    private final Status.Code code;

    End(String frames, Status.Code code) {
      this.frames = frames;
      this.code = code;
    }
  }

  /** What a call's listener was told. */
  private static final class Told extends ClientCall.Listener<Note> {
    final BlockingQueue<Note> messages = new LinkedBlockingQueue<>();
    final CompletableFuture<Status> end = new CompletableFuture<>();

    @Override
    public void onMessage(Note message) {
      messages.add(message);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end.complete(status);
    }
  }

  private static final int MESSAGES = 3;

  private Setting setting;
  private RawPeer.Server server;
  private ManagedChannel channel;

  @BeforeEach
  void begin() throws Exception {
    setting = new Setting(Setting.Transport.UNIX);
  }

  @AfterEach
  void end() throws Exception {
    setting.close();
    if (server != null) {
      server.close();
    }
  }

  private void serve(End end) throws Exception {
    StringBuilder answer = new StringBuilder(RawPeer.header(2, 3, 0, 1, 0) + "0000");
    for (int i = 0; i < MESSAGES; i++) {
      answer.append(RawPeer.header(3, 4, 2, 1, 0)).append("0a01").append(RawPeer.text("" + i));
    }
    server =
        RawPeer.serve(
            setting.folder().resolve("socket"),
            (peer, connection) -> {
              peer.awaitHello();
              peer.say(RawPeer.PREFACE + RawPeer.HELLO);
              peer.awaitOpen();
              peer.say(answer + end.frames);
              if (end == End.RESET) {
                peer.say(RawPeer.status(peer.awaitOpen(), 5));
                peer.readAll();
              }
            });
    channel = setting.open();
  }

  /** Waits until the client knows of the end. */
  private void awaitEnd(End end) throws Exception {
    if (end == End.RESET) { // what comes after it on the same connection shows that it has come
      StatusRuntimeException answer =
          assertThrows(
              StatusRuntimeException.class,
              () -> EchoGrpc.newBlockingStub(channel).unary(note("are you there?")));
      assertThat(answer.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    } else {
      awaitDisconnected();
    }
  }

  private void awaitDisconnected() throws Exception {
    while (channel.getState(false) == ConnectivityState.READY) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  private ClientCall<Note, Note> call(Told told, CallOptions options) {
    ClientCall<Note, Note> call = channel.newCall(EchoGrpc.getChatMethod(), options);
    call.start(told, new Metadata());
    call.sendMessage(note("go"));
    return call;
  }

  private ClientCall<Note, Note> call(Told told) throws Exception {
    ClientCall<Note, Note> call = call(told, CallOptions.DEFAULT);
    call.request(1);
    assertThat(told.messages.take()).isEqualTo(note("0"));
    return call;
  }

  @ParameterizedTest
  @EnumSource
  void aListenerIsToldAllOfItAsItAsksForIt(End end) throws Exception {
    serve(end);
    Told told = new Told();
    ClientCall<Note, Note> call = call(told);
    awaitEnd(end);
    assertThat(call.isReady()).isFalse();
    call.sendMessage(note("too late"));
    call.request(1);
    assertThat(told.messages.take()).isEqualTo(note("1"));
    assertThat(told.end.isDone()).isFalse();
    call.request(2);
    assertThat(told.end.get().getCode()).isEqualTo(end.code);
    assertThat(told.messages).containsExactly(note("2"));
  }

  @ParameterizedTest
  @EnumSource
  void anIteratorGivesAllOfIt(End end) throws Exception {
    serve(end);
    Iterator<Note> answers = EchoGrpc.newBlockingStub(channel).repeat(note("go"));
    assertThat(answers.next()).isEqualTo(note("0"));
    awaitEnd(end);
    assertThat(answers.next()).isEqualTo(note("1"));
    assertThat(answers.next()).isEqualTo(note("2"));
    StatusRuntimeException failure =
        assertThrows(StatusRuntimeException.class, () -> answers.hasNext());
    assertThat(failure.getStatus().getCode()).isEqualTo(end.code);
  }

  @ParameterizedTest
  @EnumSource
  void aBlockingCallReadsAllOfIt(End end) throws Exception {
    serve(end);
    BlockingClientCall<?, Note> call = EchoGrpc.newBlockingV2Stub(channel).repeat(note("go"));
    assertThat(call.read()).isEqualTo(note("0"));
    awaitEnd(end);
    assertThat(call.read()).isEqualTo(note("1"));
    assertThat(call.read()).isEqualTo(note("2"));
    StatusException failure = assertThrows(StatusException.class, call::read);
    assertThat(failure.getStatus().getCode()).isEqualTo(end.code);
  }

  @ParameterizedTest
  @EnumSource
  void whoCancelsIsToldNothingElse(End end) throws Exception {
    serve(end);
    Told told = new Told();
    ClientCall<Note, Note> call = call(told);
    awaitEnd(end);
    call.cancel("not needed", null);
    assertThat(told.end.get().getCode()).isEqualTo(Status.Code.CANCELLED);
    call.request(2);
    assertThat(told.messages).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void aDeadlineEndsACallThatNobodyReads(End end) throws Exception {
    serve(end);
    Told told = new Told();
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(1, TimeUnit.SECONDS);
    ClientCall<Note, Note> call = call(told, options);
    assertThat(told.end.get().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    call.request(3);
    assertThat(told.messages).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void aChannelThatIsShutDownWaitsForWhoeverReads(End end) throws Exception {
    serve(end);
    Told told = new Told();
    ClientCall<Note, Note> call = call(told);
    awaitEnd(end);
    channel.shutdown();
    assertThat(channel.awaitTermination(10, TimeUnit.MILLISECONDS)).isFalse();
    call.request(3);
    assertThat(told.end.get().getCode()).isEqualTo(end.code);
    assertThat(told.messages).hasSize(2);
    assertThat(channel.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void aChannelThatIsShutDownNowDoesNot(End end) throws Exception {
    serve(end);
    Told told = new Told();
    call(told);
    awaitEnd(end);
    channel.shutdownNow();
    assertThat(channel.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(told.end.get().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(told.messages).isEmpty();
  }

  /** What a server has sent whose process dies then, over whatever carries it. */
  private Status readFromOneWhoDies(String address) throws Exception {
    channel = SamehostChannelBuilder.forAddress(address).build();
    try {
      Told told = new Told();
      ClientCall<Note, Note> call =
          channel.newCall(EchoGrpc.getRepeatMethod(), CallOptions.DEFAULT.withWaitForReady());
      call.start(told, new Metadata());
      call.sendMessage(Note.newBuilder().setCount(50).build());
      call.halfClose();
      call.request(1);
      told.messages.take();
      EchoGrpc.EchoBlockingStub echo = EchoGrpc.newBlockingStub(channel);
      Note behind = note("repeated");
      assertThat(echo.unary(behind)).isEqualTo(behind);
      StatusRuntimeException death =
          assertThrows(StatusRuntimeException.class, () -> echo.unary(note("die")));
      assertThat(death.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      awaitDisconnected();
      call.request(100);
      Status end = told.end.get();
      assertThat(told.messages.stream().map(Note::getCount))
          .containsExactlyElementsIn(IntStream.range(1, 50).boxed().toList())
          .inOrder();
      assertThat(end.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(end.getDescription()).isEqualTo(death.getStatus().getDescription());
      return end;
    } finally {
      channel.shutdownNow();
      assertThat(channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aChildThatDies() throws Exception {
    Status end = readFromOneWhoDies(StdioTest.child(EchoChild.class.getName()));
    assertThat(end.getDescription()).contains("exited with status 3");
  }

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void aServerThatDies(Setting.Transport transport) throws Exception {
    try (Setting other = new Setting(transport)) {
      Process process =
          new ProcessBuilder(
                  System.getProperty("java.home") + "/bin/java",
                  "-cp",
                  System.getProperty("java.class.path"),
                  EchoChild.class.getName(),
                  other.address())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      try {
        readFromOneWhoDies(other.address());
      } finally {
        process.destroyForcibly();
        process.waitFor();
      }
    }
  }
}
