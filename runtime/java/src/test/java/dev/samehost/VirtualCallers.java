package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static java.lang.invoke.MethodType.methodType;

import com.google.common.collect.ImmutableList;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;

/**
 * A program whose callers and handlers are virtual threads, to be run with one carrier. No call is
 * answered before all callers have called: a thread that kept the carrier while it waits would keep
 * the others from it for good. Ends with exit status 0 if all were answered and none was pinned.
 */
public final class VirtualCallers {
  private static final int CALLERS = 100;

  /** A request whose handler calls its caller back. */
  private static final String BACK = "back";

  private VirtualCallers() {}

  /** Runs over the transport of the first argument, and records into the file of the second one. */
  public static void main(String[] arguments) throws Throwable {
    Path file = Path.of(arguments[1]);
    ExecutorService virtual = virtualThreads();
    try (Setting setting = new Setting(Setting.Transport.valueOf(arguments[0]));
        Recording recording = new Recording()) {
      Channel channel = setting.open();
      Channel offering =
          setting.open(
              setting
                  .channel()
                  .executor(virtual)
                  .addService(Callers.known(new Gathering(channel))));
      setting.start(
          setting.server().executor(virtual).addService(Callers.known(new Gathering(channel))));
      // What loads and initialises classes may pin, and is done by the first round.
      callInEveryWay(virtual, channel);
      callBack(virtual, offering);
      recording.enable("jdk.VirtualThreadPinned").withoutThreshold().withStackTrace();
      recording.start();
      callInEveryWay(virtual, channel);
      callBack(virtual, offering);
      recording.stop();
      recording.dump(file);
      assertThat(RecordingFile.readAllEvents(file)).isEmpty();
    }
    System.exit(0);
  }

  /** An executor that starts a virtual thread a task; the JDK has had it since 21. */
  private static ExecutorService virtualThreads() throws Throwable {
    return (ExecutorService)
        MethodHandles.publicLookup()
            .findStatic(
                Executors.class,
                "newVirtualThreadPerTaskExecutor",
                methodType(ExecutorService.class))
            .invokeExact();
  }

  private static void callInEveryWay(ExecutorService virtual, Channel channel) throws Exception {
    EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
    EchoGrpc.EchoFutureStub futures = EchoGrpc.newFutureStub(channel);
    Note request = Note.newBuilder().setText("plain").build();
    Note nested = Note.newBuilder().setText("nested").setCount(1).build();
    atOnce(virtual, () -> assertThat(stub.unary(request)).isEqualTo(request));
    atOnce(virtual, () -> assertThat(stub.unary(nested).getText()).isEqualTo("nested"));
    atOnce(virtual, () -> assertThat(futures.unary(request).get()).isEqualTo(request));
    atOnce(
        virtual,
        () ->
            assertThat(ImmutableList.copyOf(stub.repeat(request)))
                .containsExactly(request, request));
    atOnce(virtual, () -> chat(channel, request));
  }

  /** Each handler calls its caller back, whose handlers answer nobody before all are called. */
  private static void callBack(ExecutorService virtual, Channel offering) throws Exception {
    Note back = Note.newBuilder().setText(BACK).setCount(1).build();
    atOnce(
        virtual,
        () -> assertThat(EchoGrpc.newBlockingStub(offering).unary(back).getText()).isEqualTo(BACK));
  }

  private static void chat(Channel channel, Note request) throws Exception {
    BlockingClientCall<Note, Note> call =
        ClientCalls.blockingBidiStreamingCall(
            channel, EchoGrpc.getChatMethod(), CallOptions.DEFAULT);
    assertThat(call.write(request)).isTrue();
    assertThat(call.read()).isEqualTo(request);
    call.halfClose();
    assertThat(call.read()).isNull();
  }

  private interface Call {
    void make() throws Exception;
  }

  /** All callers make the call, each on a thread of its own. */
  private static void atOnce(ExecutorService virtual, Call call) throws Exception {
    Callable<Boolean> caller =
        () -> {
          // It says what it is, as the method that says whether it is one is not there on JDK 17.
          assertThat(Thread.currentThread().toString()).startsWith("VirtualThread");
          call.make();
          return true;
        };
    List<Future<Boolean>> ends = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      ends.add(virtual.submit(caller));
    }
    for (Future<Boolean> end : ends) {
      assertWithMessage("answered").that(end.get()).isTrue();
    }
  }

  /** Answers nobody before everybody has called. */
  private static final class Gathering extends EchoGrpc.EchoImplBase {
    private final Channel inner;
    private final List<Runnable> answers = new ArrayList<>();

    Gathering(Channel inner) {
      this.inner = inner;
    }

    private void gather(Runnable answer) {
      List<Runnable> all = List.of();
      synchronized (answers) {
        answers.add(answer);
        if (answers.size() == CALLERS) {
          all = List.copyOf(answers);
          answers.clear();
        }
      }
      all.forEach(Runnable::run);
    }

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      if (request.getCount() > 0) {
        Note next = request.toBuilder().setCount(request.getCount() - 1).build();
        Channel channel = request.getText().equals(BACK) ? Callers.caller() : inner;
        responses.onNext(EchoGrpc.newBlockingStub(channel).unary(next));
        responses.onCompleted();
        return;
      }
      gather(
          () -> {
            responses.onNext(request);
            responses.onCompleted();
          });
    }

    @Override
    public void repeat(Note request, StreamObserver<Note> responses) {
      responses.onNext(request);
      unary(request, responses);
    }

    @Override
    public StreamObserver<Note> chat(StreamObserver<Note> responses) {
      return new StreamObserver<>() {
        @Override
        public void onNext(Note request) {
          gather(() -> responses.onNext(request));
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {
          responses.onCompleted();
        }
      };
    }
  }
}
