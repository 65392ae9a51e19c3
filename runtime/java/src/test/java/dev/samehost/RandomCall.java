package dev.samehost;

import static com.google.common.truth.Truth.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.SettableFuture;
import com.google.common.util.concurrent.Uninterruptibles;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Calls of every kind to the test service, given up after a random time or not. An answer that is
 * not the caller's own fails, and so does an answer that does not come.
 */
final class RandomCall {
  /** How a call is made, and how it may end without its answer. */
  private enum Kind {
    BLOCKING(Code.OK),
    BLOCKING_WITH_DEADLINE(Code.DEADLINE_EXCEEDED),
    BLOCKING_IN_A_CONTEXT_THAT_IS_CANCELLED(Code.CANCELLED),
    BLOCKING_AND_INTERRUPTED(Code.CANCELLED),
    FUTURE(Code.OK),
    FUTURE_THAT_IS_CANCELLED(Code.CANCELLED),
    ASYNC(Code.OK),
    ITERATOR(Code.OK),
    ITERATOR_WITH_DEADLINE(Code.DEADLINE_EXCEEDED),
    BLOCKING_V2(Code.OK),
    CHAT(Code.OK),
    CHAT_THAT_IS_CANCELLED(Code.CANCELLED);

    private static final Kind[] ALL = values();

    private final Code givenUp;

    Kind(Code givenUp) {
      this.givenUp = givenUp;
    }
  }

  /** Answers some calls at once and some after a moment. */
  static final class Service extends EchoGrpc.EchoImplBase {
    private final EchoService echo = new EchoService();

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      int micros = Math.floorMod(request.getText().hashCode(), 1500);
      if (micros > 1200) {
        LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(micros));
      }
      echo.unary(request, responses);
    }

    @Override
    public void repeat(Note request, StreamObserver<Note> responses) {
      echo.repeat(request, responses);
    }

    @Override
    public StreamObserver<Note> chat(StreamObserver<Note> responses) {
      return echo.chat(responses);
    }
  }

  private final ManagedChannel channel;
  private final ScheduledExecutorService clock;

  RandomCall(ManagedChannel channel, ScheduledExecutorService clock) {
    this.channel = channel;
    this.clock = clock;
  }

  /** Makes a call on this thread, and answers how it ended. */
  Code make(Random random) throws Exception {
    Kind kind = Kind.ALL[random.nextInt(Kind.ALL.length)];
    int count = 1 + random.nextInt(5);
    Note request = Note.newBuilder().setText("n" + random.nextLong()).setCount(count).build();
    // Under load most calls take long: some patience lets some of them through.
    long micros = (long) Math.exp(random.nextDouble() * 14);
    try {
      return call(kind, request, micros) ? Code.OK : Code.CANCELLED;
    } catch (StatusRuntimeException | StatusException e) {
      Code code = Status.fromThrowable(e).getCode();
      if (code != kind.givenUp) {
        throw new AssertionError(kind + " ended otherwise", e);
      }
      return code;
    } finally {
      Thread.interrupted();
    }
  }

  /** Whether it was answered, and not given up. */
  private boolean call(Kind kind, Note request, long micros) throws Exception {
    EchoGrpc.EchoBlockingStub blocking = EchoGrpc.newBlockingStub(channel);
    return switch (kind) {
      case BLOCKING -> isRight(request, blocking.unary(request));
      case BLOCKING_WITH_DEADLINE ->
          isRight(
              request, blocking.withDeadlineAfter(micros, TimeUnit.MICROSECONDS).unary(request));
      case BLOCKING_IN_A_CONTEXT_THAT_IS_CANCELLED -> inCancelledContext(request, micros);
      case BLOCKING_AND_INTERRUPTED -> interrupted(request, micros);
      case FUTURE -> isRight(request, get(EchoGrpc.newFutureStub(channel).unary(request)));
      case FUTURE_THAT_IS_CANCELLED -> cancelledFuture(request, micros);
      case ASYNC -> async(request);
      case ITERATOR -> areRight(request, blocking.repeat(request));
      case ITERATOR_WITH_DEADLINE ->
          areRight(
              request, blocking.withDeadlineAfter(micros, TimeUnit.MICROSECONDS).repeat(request));
      case BLOCKING_V2 -> blockingV2(request);
      case CHAT -> chat(request, 0);
      case CHAT_THAT_IS_CANCELLED -> chat(request, micros);
    };
  }

  private static boolean isRight(Note request, Note answer) {
    assertThat(answer).isEqualTo(request);
    return true;
  }

  private static boolean areRight(Note request, Iterator<Note> answers) {
    List<Note> expected = Collections.nCopies(request.getCount(), request);
    assertThat(ImmutableList.copyOf(answers)).isEqualTo(expected);
    return true;
  }

  private boolean inCancelledContext(Note request, long micros) throws Exception {
    Context.CancellableContext context = Context.current().withCancellation();
    Future<?> end = clock.schedule(() -> context.cancel(null), micros, TimeUnit.MICROSECONDS);
    try {
      return isRight(request, context.call(() -> EchoGrpc.newBlockingStub(channel).unary(request)));
    } finally {
      end.cancel(false);
      context.cancel(null);
    }
  }

  private boolean interrupted(Note request, long micros) throws Exception {
    Thread caller = Thread.currentThread();
    Future<?> interruption =
        clock.schedule(caller::interrupt, Math.min(micros, 3_000), TimeUnit.MICROSECONDS);
    try {
      return isRight(request, EchoGrpc.newBlockingStub(channel).unary(request));
    } finally {
      // It must not hit the next call.
      Uninterruptibles.getUninterruptibly(interruption);
    }
  }

  private static <T> T get(Future<T> answer) throws Exception {
    try {
      return answer.get(2 * Setting.PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof StatusRuntimeException status ? status : e;
    }
  }

  private boolean cancelledFuture(Note request, long micros) throws Exception {
    ListenableFuture<Note> answer = EchoGrpc.newFutureStub(channel).unary(request);
    try {
      return isRight(request, answer.get(micros, TimeUnit.MICROSECONDS));
    } catch (TimeoutException e) {
      answer.cancel(true);
      return false;
    }
  }

  private boolean async(Note request) throws Exception {
    Answers answers = new Answers(request);
    EchoGrpc.newStub(channel).repeat(request, answers);
    return get(answers.end);
  }

  private boolean blockingV2(Note request) throws Exception {
    BlockingClientCall<Note, Note> call =
        ClientCalls.blockingBidiStreamingCall(
            channel, EchoGrpc.getChatMethod(), CallOptions.DEFAULT);
    for (int i = 0; i < request.getCount(); i++) {
      assertThat(call.write(request)).isTrue();
      isRight(request, call.read());
    }
    call.halfClose();
    assertThat(call.read()).isNull();
    return true;
  }

  /** As many messages each way as the request says; cancelled after a time, unless that is 0. */
  private boolean chat(Note request, long micros) throws Exception {
    Answers answers = new Answers(request);
    StreamObserver<Note> requests = EchoGrpc.newStub(channel).chat(answers);
    for (int i = 0; i < request.getCount(); i++) {
      requests.onNext(request);
    }
    if (micros > 0) {
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(micros));
      answers.call.cancel("no longer needed", null);
    } else {
      requests.onCompleted();
    }
    return get(answers.end);
  }

  /** What comes on a stream: the request, again and again, and then the end. */
  private static final class Answers implements ClientResponseObserver<Note, Note> {
    private final Note request;
    private final SettableFuture<Boolean> end = SettableFuture.create();
    private ClientCallStreamObserver<Note> call;
    private int count;

    Answers(Note request) {
      this.request = request;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<Note> requests) {
      call = requests;
    }

    @Override
    public void onNext(Note answer) {
      count++;
      if (!answer.equals(request)) {
        end.setException(new AssertionError("not its own answer: " + answer));
      }
    }

    @Override
    public void onError(Throwable failure) {
      end.setException(failure);
    }

    @Override
    public void onCompleted() {
      if (count == request.getCount()) {
        end.set(true);
      } else {
        end.setException(new AssertionError(count + " answers instead of " + request.getCount()));
      }
    }
  }
}
