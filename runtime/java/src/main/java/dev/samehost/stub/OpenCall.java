package dev.samehost.stub;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayDeque;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.function.BooleanSupplier;

/**
 * One call that has been started and whose caller waits for what comes: all that the blocking call
 * kinds have in common. One thread may send while another receives; it knows no kind of call.
 */
final class OpenCall<Q, R> {
  private final MethodDescriptor<Q, R> method;
  private final ClientCall<Q, R> call;
  private final CallerExecutor executor = new CallerExecutor();
  private final Queue<R> received = new ArrayDeque<>(); // guarded by this
  private Status status; // guarded by this; null while the call is open
  private Metadata trailers; // guarded by this
  private boolean halfClosed; // guarded by this

  OpenCall(
      Channel channel, MethodDescriptor<Q, R> method, CallOptions options, int requestedAtFirst) {
    this.method = method;
    this.call = channel.newCall(method, options.withExecutor(executor));
    call.start(new Inbound(), new Metadata());
    call.request(requestedAtFirst);
  }

  /**
   * Sends one message, after waiting until the call takes it.
   *
   * @return false when the server has ended the call well and reads no more
   * @throws StatusRuntimeException when the call has failed
   */
  boolean send(Q message) {
    await(() -> call.isReady() || isClosed());
    synchronized (this) {
      if (halfClosed) {
        throw new IllegalStateException("sending after the half-close of " + name());
      }
      if (status == null) {
        call.sendMessage(message);
        return true;
      }
    }
    throwUnlessOk();
    return false;
  }

  /** Sends the one request of a call, without waiting. */
  void sendOnly(Q message) {
    try {
      synchronized (this) {
        halfClosed = true;
        call.sendMessage(message);
        call.halfClose();
      }
    } catch (RuntimeException | Error failure) {
      call.cancel("the request could not be sent", failure);
      throw failure;
    }
  }

  /** Says that no further message follows. */
  synchronized void halfClose() {
    if (!halfClosed) {
      halfClosed = true;
      if (status == null) {
        call.halfClose();
      }
    }
  }

  /** Waits for the next message or the end; false means that the call has ended well. */
  boolean hasNext() {
    await(() -> hasReceived() || isClosed());
    if (hasReceived()) {
      return true;
    }
    throwUnlessOk();
    return false;
  }

  R next() {
    if (!hasNext()) {
      throw new NoSuchElementException(name() + " has no further message");
    }
    synchronized (this) {
      if (status == null) {
        call.request(1);
      }
      return received.remove();
    }
  }

  /** Waits for the end of a call that is answered by one message. */
  R onlyMessage() {
    await(this::isClosed);
    throwUnlessOk();
    synchronized (this) {
      if (received.size() != 1) {
        throw WrongCount.ofReplies(received.size());
      }
      return received.remove();
    }
  }

  /** Cancels the call unless it is over. */
  void cancel(String why, Throwable cause) {
    if (!isClosed()) {
      call.cancel(why, cause);
    }
  }

  synchronized boolean isClosed() {
    return status != null;
  }

  private synchronized boolean hasReceived() {
    return !received.isEmpty();
  }

  private synchronized void throwUnlessOk() {
    if (!status.isOk()) {
      throw status.asRuntimeException(trailers);
    }
  }

  private String name() {
    return method.getFullMethodName();
  }

  private void await(BooleanSupplier done) {
    try {
      executor.await(done);
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
      call.cancel("the calling thread was interrupted", interruption);
      throw Status.CANCELLED
          .withDescription("interrupted while waiting for " + name())
          .withCause(interruption)
          .asRuntimeException();
    }
  }

  /** What the channel tells; runs on a thread that waits. */
  private final class Inbound extends ClientCall.Listener<R> {
    @Override
    public void onMessage(R message) {
      synchronized (OpenCall.this) {
        received.add(message);
      }
    }

    @Override
    public void onClose(Status outcome, Metadata metadata) {
      synchronized (OpenCall.this) {
        status = outcome;
        trailers = metadata;
      }
    }
  }
}
