package dev.samehost.interop.server;

import com.google.protobuf.ByteString;
import dev.samehost.interop.proto.Payload;
import dev.samehost.interop.proto.ResponseParameters;
import dev.samehost.interop.proto.StreamingOutputCallResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * The messages that one call is to be answered with, sent no faster than the call is ready for
 * them. Made while the handler runs; any thread may use it.
 */
final class Answers {
  private final ServerCallStreamObserver<StreamingOutputCallResponse> call;
  private final Queue<ResponseParameters> waiting = new ArrayDeque<>();
  private boolean pausing;
  private boolean last;
  private boolean completed;

  Answers(ServerCallStreamObserver<StreamingOutputCallResponse> call) {
    this.call = call;
    call.setOnReadyHandler(this::send);
    call.setOnCancelHandler(this::clear);
  }

  /** Adds what one request asks for. */
  void add(List<ResponseParameters> answers) {
    synchronized (this) {
      waiting.addAll(answers);
    }
    send();
  }

  /** No further request will come: the call is completed after the last answer. */
  void complete() {
    synchronized (this) {
      last = true;
    }
    send();
  }

  /** Forgets what was not sent: the call is over. */
  synchronized void clear() {
    waiting.clear();
    completed = true;
  }

  private synchronized void send() {
    while (!completed && !pausing && !waiting.isEmpty() && call.isReady()) {
      ResponseParameters next = waiting.element();
      if (next.getIntervalUs() > 0) {
        pause(next);
        return;
      }
      waiting.remove();
      send(next);
    }
    if (last && !completed && waiting.isEmpty()) {
      completed = true;
      call.onCompleted();
    }
  }

  private void pause(ResponseParameters next) {
    pausing = true;
    Executor later = CompletableFuture.delayedExecutor(next.getIntervalUs(), TimeUnit.MICROSECONDS);
    later.execute(
        () -> {
          synchronized (this) {
            pausing = false;
            if (!completed) {
              waiting.remove();
              send(next);
            }
          }
          send();
        });
  }

  private void send(ResponseParameters next) {
    call.setMessageCompression(next.getCompressed().getValue());
    call.onNext(
        StreamingOutputCallResponse.newBuilder().setPayload(payload(next.getSize())).build());
  }

  /** A payload of so many bytes. */
  static Payload payload(int size) {
    return Payload.newBuilder().setBody(ByteString.copyFrom(new byte[size])).build();
  }
}
