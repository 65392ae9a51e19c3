package dev.samehost.stub;

import dev.samehost.transport.Fault;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call that a handler serves by waiting: sends its replies, ends it, and holds what the
 * handler's thread and the call's listener tell each other. It knows no kind of call.
 */
final class ServedCall<Q, R> {
  private static final Logger logger = LoggerFactory.getLogger(Handlers.class);

  private final ServerCall<Q, R> call;
  private final IncomingCall incoming;
  private boolean headersSent; // guarded by this
  private boolean cancelled; // guarded by this
  private boolean closed; // guarded by this

  ServedCall(ServerCall<Q, R> call, Metadata headers) {
    this.call = call;
    this.incoming = new IncomingCall(call, headers);
  }

  /** Runs the handler and ends the call by how it ends. */
  void run(Executor executor, Runnable handler) {
    try {
      executor.execute(incoming.context().wrap(() -> runNow(handler)));
    } catch (RejectedExecutionException rejected) {
      String why = "the executor of the server's handlers takes no more calls";
      close(Status.RESOURCE_EXHAUSTED.withDescription(why).withCause(rejected), null);
    }
  }

  private void runNow(Runnable handler) {
    try {
      handler.run();
    } catch (Throwable failure) {
      fail(failure);
      return;
    }
    close(Status.OK, null);
  }

  synchronized void request(int messages) {
    call.request(messages);
  }

  /** Sends a reply when the caller keeps up; waits for that. */
  void reply(R message) {
    await(call::isReady);
    send(message);
  }

  /** Sends the only reply, without waiting. */
  synchronized void replyOnly(R message) {
    if (message == null) {
      throw new NullPointerException(
          "the handler of " + call.getMethodDescriptor().getFullMethodName() + " returned null");
    }
    if (!cancelled) {
      send(message);
    }
  }

  private synchronized void send(R message) {
    if (closed) {
      throw new IllegalStateException("a reply after the handler has returned");
    }
    if (!headersSent) {
      headersSent = true;
      call.sendHeaders(incoming.responseHeaders());
    }
    call.sendMessage(message);
  }

  /** Waits on the handler's thread until {@code done}, asked again after each {@link #changed}. */
  synchronized void await(BooleanSupplier done) {
    try {
      while (!cancelled && !done.getAsBoolean()) {
        wait();
      }
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
      throw Status.CANCELLED
          .withDescription("the handler's thread was interrupted")
          .withCause(interruption)
          .asRuntimeException();
    }
    if (cancelled) {
      throw Status.CANCELLED.withDescription("the caller has gone").asRuntimeException();
    }
  }

  /** Tells the handler's thread that what it waits for may have come. */
  synchronized void changed() {
    notifyAll();
  }

  synchronized void cancelled() {
    cancelled = true;
    notifyAll();
  }

  /** Ends the call, once; a call that was cancelled is over already. */
  synchronized void close(Status status, Metadata trailers) {
    if (closed || cancelled) {
      return;
    }
    closed = true;
    Metadata all = incoming.responseTrailers();
    if (trailers != null) {
      all.merge(trailers);
    }
    if (status.isOk() && !headersSent) {
      headersSent = true;
      call.sendHeaders(incoming.responseHeaders());
    }
    call.close(status, all);
  }

  private void fail(Throwable failure) {
    if (failure instanceof StatusRuntimeException status) {
      close(status.getStatus(), status.getTrailers());
    } else if (failure instanceof StatusException status) {
      close(status.getStatus(), status.getTrailers());
    } else {
      logger.error("handler of {} failed", call.getMethodDescriptor().getFullMethodName(), failure);
      close(Status.UNKNOWN.withDescription(Fault.HANDLER_FAILED.text()), null);
    }
  }
}
