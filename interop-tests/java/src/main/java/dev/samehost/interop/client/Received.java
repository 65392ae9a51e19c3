package dev.samehost.interop.client;

import dev.samehost.interop.suite.Expectation;
import dev.samehost.interop.suite.Mismatch;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What has come on one call, to be waited for: messages, then the status. */
final class Received<P> implements StreamObserver<P> {
  private static final long PATIENCE_SECONDS = 60;

  private record Event<P>(P message, Status status) {}

  private final BlockingQueue<Event<P>> events = new LinkedBlockingQueue<>();
  private Status status;

  @Override
  public void onNext(P message) {
    events.add(new Event<>(message, null));
  }

  @Override
  public void onError(Throwable failure) {
    ended(Status.fromThrowable(failure));
  }

  @Override
  public void onCompleted() {
    ended(Status.OK);
  }

  private void ended(Status with) {
    events.add(new Event<>(null, with));
  }

  /** For a call whose messages are asked for one by one. */
  ClientCall.Listener<P> listener() {
    return new ClientCall.Listener<>() {
      @Override
      public void onMessage(P message) {
        onNext(message);
      }

      @Override
      public void onClose(Status status, Metadata trailers) {
        ended(status);
      }
    };
  }

  /** Waits for the next message; null when the call has ended. */
  P next() throws InterruptedException, Mismatch {
    if (status != null) {
      return null;
    }
    Event<P> event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (event == null) {
      throw new Mismatch("nothing came within " + PATIENCE_SECONDS + " s");
    }
    status = event.status();
    return event.message();
  }

  /** Waits for the next message, which must come. */
  P message() throws InterruptedException, Mismatch {
    P message = next();
    if (message == null) {
      throw new Mismatch("expected a message, but got " + Expectation.shown(status));
    }
    return message;
  }

  /** Waits for the end, and gives the messages before it. */
  List<P> rest() throws InterruptedException, Mismatch {
    List<P> all = new ArrayList<>();
    for (P message = next(); message != null; message = next()) {
      all.add(message);
    }
    return all;
  }

  /** How the call has ended, once {@link #next} or {@link #rest} has said that it has. */
  Status status() {
    return status;
  }
}
