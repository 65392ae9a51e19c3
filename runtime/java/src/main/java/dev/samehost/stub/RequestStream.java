package dev.samehost.stub;

import io.grpc.ServerCall;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;

/** The requests of a streaming call as its handler reads them: once, one after the other. */
final class RequestStream<Q> extends ServerCall.Listener<Q> implements Iterable<Q> {
  private final ServedCall<Q, ?> served;
  private final Queue<Q> received = new ArrayDeque<>(); // guarded by served
  private boolean ended; // guarded by served

  RequestStream(ServedCall<Q, ?> served) {
    this.served = served;
    served.request(1);
  }

  @Override
  public Iterator<Q> iterator() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        synchronized (served) {
          served.await(() -> !received.isEmpty() || ended);
          return !received.isEmpty();
        }
      }

      @Override
      public Q next() {
        synchronized (served) {
          if (!hasNext()) {
            throw new NoSuchElementException("the caller has sent its last request");
          }
          served.request(1);
          return received.remove();
        }
      }
    };
  }

  @Override
  public void onMessage(Q message) {
    synchronized (served) {
      received.add(message);
      served.changed();
    }
  }

  @Override
  public void onHalfClose() {
    synchronized (served) {
      ended = true;
      served.changed();
    }
  }

  @Override
  public void onReady() {
    served.changed();
  }

  @Override
  public void onCancel() {
    served.cancelled();
  }
}
