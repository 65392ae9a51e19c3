package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Stream tracers of both sides are told of every step of a call, in gRPC's order. */
@Timeout(Setting.PATIENCE_SECONDS)
final class TracersTest {
  private final Traces client = new Traces();
  private final Traces server = new Traces();

  private Note call(Setting setting, Note request) throws Exception {
    return ClientCalls.blockingUnaryCall(
        setting.open(),
        EchoGrpc.getUnaryMethod(),
        CallOptions.DEFAULT.withStreamTracerFactory(client.client()),
        request);
  }

  private SamehostServerBuilder traced(Setting setting) {
    return setting.server().addStreamTracerFactory(server.server());
  }

  @Test
  void aUnaryCallIsToldStepByStep() throws Exception {
    List<String> marks = new CopyOnWriteArrayList<>();
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(
          traced(setting)
              .addService(
                  new EchoGrpc.EchoImplBase() {
                    @Override
                    public void unary(Note request, StreamObserver<Note> responses) {
                      marks.add(Traces.MARK.get());
                      responses.onNext(request);
                      responses.onCompleted();
                    }
                  }));
      assertThat(call(setting, note("x"))).isEqualTo(note("x"));
      server.awaitClosed();
    }
    assertThat(client.events)
        .containsExactly(
            "made",
            "created",
            "headers out",
            "message out 0",
            "message sent 0",
            "headers in",
            "message in 0",
            "message read 0",
            "trailers in",
            "closed OK")
        .inOrder();
    assertThat(server.events)
        .containsExactly(
            "made for samehost.test.Echo/Unary traced by the client",
            "context",
            "started samehost.test.Echo/Unary",
            "message in 0",
            "message read 0",
            "message out 0",
            "message sent 0",
            "closed OK")
        .inOrder();
    assertThat(marks).containsExactly("filtered");
    long size = note("x").getSerializedSize();
    assertThat(client.wireSizes).containsExactly(size, size);
    assertThat(server.plainSizes).containsExactly(size, size);
  }

  @Test
  void aMethodThatNobodyServesIsTraced() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(traced(setting));
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> call(setting, note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
      server.awaitClosed();
    }
    assertThat(client.events).contains("closed UNIMPLEMENTED");
    assertThat(server.events)
        .containsExactly(
            "made for samehost.test.Echo/Unary traced by the client",
            "context",
            "closed UNIMPLEMENTED")
        .inOrder();
  }

  @Test
  void aHandlerThatThrowsClosesTheTraceAsTheClientSeesIt() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(
          traced(setting)
              .addService(
                  new EchoGrpc.EchoImplBase() {
                    @Override
                    public void unary(Note request, StreamObserver<Note> responses) {
                      throw new IllegalStateException("on purpose");
                    }
                  }));
      assertThrows(StatusRuntimeException.class, () -> call(setting, note("x")));
      server.awaitClosed();
    }
    assertThat(client.events).contains("closed UNKNOWN");
    assertThat(server.events).contains("closed UNKNOWN");
  }

  @Test
  void aCallThatCannotBeginIsTracedAsWell() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      assertThrows(StatusRuntimeException.class, () -> call(setting, note("x")));
    }
    assertThat(client.events).contains("closed UNAVAILABLE");
  }
}
