package dev.samehost.http2;

import dev.samehost.OverLink;
import dev.samehost.bridge.Gzip;
import dev.samehost.bridge.Message;
import dev.samehost.transport.LinkException;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.function.UnaryOperator;

/**
 * One call that is handed on: one message at a time in either direction, the next one when the
 * receiver is ready for it. Its deadline and its cancellation go on by the context of the call;
 * once that is cancelled, nothing is said to the caller any more, to whom the server has said why.
 */
final class ProxiedCall extends ServerCall.Listener<Message> {
  private final ServerCall<Message, Message> from;
  private final ClientCall<Message, Message> to;
  private final boolean takesGzip;
  private final Proxy.Unpacking unpacking;
  private final UnaryOperator<Status> ending;
  private final Context context = Context.current();
  private final Flow requests;
  private final Flow responses;
  private boolean isClosed; // of the responses' thread: the caller has been told a status

  /**
   * A call that is to begin.
   *
   * @param takesGzip whether its caller takes compressed responses
   * @param unpacking how far they are unpacked if it does not
   * @param ending what the caller is told of the status
   */
  ProxiedCall(
      ServerCall<Message, Message> from,
      ClientCall<Message, Message> to,
      boolean takesGzip,
      Proxy.Unpacking unpacking,
      UnaryOperator<Status> ending) {
    this.unpacking = unpacking;
    this.ending = ending;
    this.from = from;
    this.to = to;
    this.takesGzip = takesGzip;
    this.requests = new Flow(() -> from.request(1));
    this.responses = new Flow(() -> to.request(1));
  }

  void begin(Metadata headers) {
    to.start(new Responses(), headers);
    from.request(1);
    to.request(1);
  }

  /** One direction: whether its next message is wanted once its receiver is ready. */
  private static final class Flow {
    private final Runnable requestNext;
    private boolean waits;

    private Flow(Runnable requestNext) {
      this.requestNext = requestNext;
    }

    /** A message has gone. The receiver may become ready at any time, and tell it meanwhile. */
    private void sent(ReceiverState receiver) {
      synchronized (this) {
        if (!receiver.isReady()) {
          waits = true;
          return;
        }
      }
      requestNext.run();
    }

    private void receiverIsReady() {
      synchronized (this) {
        if (!waits) {
          return;
        }
        waits = false;
      }
      requestNext.run();
    }
  }

  private interface ReceiverState {
    boolean isReady();
  }

  // ---- what the caller does

  @Override
  public void onMessage(Message request) {
    to.setMessageCompression(request.isCompressed());
    to.sendMessage(request);
    requests.sent(to::isReady);
  }

  @Override
  public void onHalfClose() {
    to.halfClose();
  }

  @Override
  public void onCancel() {
    to.cancel("the caller has cancelled the call, or has gone", null);
  }

  @Override
  public void onReady() {
    responses.receiverIsReady();
  }

  /** What the called does. */
  private final class Responses extends ClientCall.Listener<Message> {
    @Override
    public void onHeaders(Metadata headers) {
      if (context.isCancelled()) {
        return;
      }
      if (takesGzip && Proxy.namesGzip(headers)) {
        from.setCompression(Gzip.NAME);
      }
      Proxy.strip(headers);
      from.sendHeaders(headers);
    }

    @Override
    public void onMessage(Message response) {
      if (context.isCancelled() || isClosed) {
        return;
      }
      Message sent;
      try {
        sent = takesGzip ? response : response.plain(unpacking.most(), unpacking.side());
      } catch (LinkException e) {
        fail(e);
        return;
      }
      from.setMessageCompression(sent.isCompressed());
      from.sendMessage(sent);
      responses.sent(from::isReady);
    }

    private void fail(LinkException failure) {
      isClosed = true;
      from.close(OverLink.status(failure), new Metadata());
      to.cancel(failure.getMessage(), failure);
    }

    @Override
    public void onReady() {
      requests.receiverIsReady();
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (!context.isCancelled() && !isClosed) {
        Proxy.strip(trailers);
        from.close(ending.apply(status), trailers);
      }
    }
  }
}
