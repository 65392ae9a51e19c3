package dev.samehost.json;

import dev.samehost.bridge.Message;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.netty.handler.codec.http.FullHttpResponse;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One call that a request has become, until it is an answer. */
final class JsonCall extends ClientCall.Listener<Message> {
  private static final Logger log = LoggerFactory.getLogger(JsonCall.class);

  private final Head head;
  private final Consumer<FullHttpResponse> answer;
  private final ClientCall<Message, Message> call;
  private Metadata headers = new Metadata();
  private Message response; // null until it has come
  private boolean isCancelled;

  /**
   * A call that is to begin.
   *
   * @param answer is given what the call came to, once
   */
  JsonCall(Channel channel, Head head, Consumer<FullHttpResponse> answer) {
    this.head = head;
    this.answer = answer;
    this.call = channel.newCall(head.served().method(), head.options());
  }

  void begin(Message request) {
    call.start(this, head.metadata());
    call.request(2); // one more than there may be
    call.sendMessage(request);
    call.halfClose();
  }

  /** Nobody wants an answer any more. */
  void cancel() {
    isCancelled = true;
    call.cancel("the caller has gone", null);
  }

  @Override
  public void onHeaders(Metadata headers) {
    this.headers = headers;
  }

  @Override
  public void onMessage(Message next) {
    if (response == null) {
      response = next;
    } else if (!isCancelled) { // nobody has said before that it streams
      cancel();
      answer.accept(Answers.refusal(head.served().streams()));
    }
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    if (!isCancelled) {
      answer.accept(answer(status, trailers));
    }
  }

  private FullHttpResponse answer(Status status, Metadata trailers) {
    try {
      return status.isOk()
          ? Answers.success(head, headers, response, trailers)
          : Answers.failure(status, headers, trailers);
    } catch (Refusal e) {
      return Answers.refusal(e);
    } catch (RuntimeException | Error e) {
      log.error("a response cannot be answered with", e);
      return Answers.refusal(
          Refusal.of(Status.INTERNAL.withDescription("the answer failed: " + e)));
    }
  }
}
