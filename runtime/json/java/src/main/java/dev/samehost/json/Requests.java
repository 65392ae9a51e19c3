package dev.samehost.json;

import dev.samehost.bridge.Message;
import io.grpc.Channel;
import io.grpc.Status;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests of one connection, one after the other: gathers a body, has the call made, and sends
 * the answer. All by the connection's thread.
 *
 * <pre>
 *   HEAD --head--> BODY --whole--> CALLING --answer--> ANSWERING --sent--> HEAD
 *    |              |                                      |
 *    +--malformed---+--too large---> ANSWERING             +--the last one--> LEAVING
 * </pre>
 */
final class Requests extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(Requests.class);

  /** How long one who has not read its last answer may go on sending: else it could not read it. */
  private static final long LEAVING_NANOS = TimeUnit.SECONDS.toNanos(1);

  private enum State {
    /** The head of a request is waited for. */
    HEAD,
    /** A body is coming. */
    BODY,
    /** A call is open. */
    CALLING,
    /** An answer is on its way. */
    ANSWERING,
    /** The last answer has gone: what still comes is dropped. */
    LEAVING
  }

  private final Channel channel;
  private final Judge judge;
  private final Patience patience;
  private final int maxMessageBytes;
  private ChannelHandlerContext context;
  private State state = State.HEAD;
  private boolean draining;
  private final Queue<Object> ahead =
      new ArrayDeque<>(); // of one read: the next is not made before
  private boolean isGoingOn;

  // Of the request that is open.
  private boolean isWhole;
  private boolean isLast;
  private boolean saysKeepAlive;
  private Head head; // null if it is refused
  private Refusal refusal; // null if it is not
  private ByteArrayOutputStream body;
  private int bodyBytes;

  Requests(Channel channel, Judge judge, Patience patience, int maxMessageBytes) {
    this.channel = channel;
    this.judge = judge;
    this.patience = patience;
    this.maxMessageBytes = maxMessageBytes;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    this.context = context;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    context.read(); // it does not by itself: a request is read when the one before is answered
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    patience.end();
    ahead.forEach(ReferenceCountUtil::release);
    ahead.clear();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable e) {
    if (e instanceof IOException) {
      log.debug("a connection of HTTP/1 failed", e);
    } else {
      log.warn("a connection of HTTP/1 cannot be served any more", e);
    }
    close();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ahead.add(message);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    goOn();
  }

  /** Takes what has come, as far as a request is wanted; reads on once all of it is taken. */
  private void goOn() {
    if (isGoingOn) {
      return;
    }
    isGoingOn = true;
    while (!ahead.isEmpty() && state != State.CALLING && state != State.ANSWERING) {
      Object message = ahead.remove();
      try {
        take(message);
      } finally {
        ReferenceCountUtil.release(message);
      }
    }
    isGoingOn = false;
    if (state == State.CALLING || state == State.ANSWERING) {
      patience.end(); // it is not the client who is waited for, though its next head has begun
    }
    if (ahead.isEmpty()) {
      context.read(); // in a call, too: to see the client go
    }
  }

  private void take(Object message) {
    if (state == State.HEAD && message instanceof HttpRequest request) {
      begin(request);
    } else if (state == State.BODY && message instanceof HttpContent content) {
      body(content);
    }
  }

  // ---- a request

  private void begin(HttpRequest request) {
    state = State.BODY;
    isWhole = false;
    saysKeepAlive = request.protocolVersion().equals(HttpVersion.HTTP_1_0);
    isLast = !HttpUtil.isKeepAlive(request);
    head = null;
    refusal = null;
    body = null;
    bodyBytes = 0;
    if (request.decoderResult().isFailure()) {
      end(malformed(request.decoderResult()));
      return;
    }
    try {
      head = judge.head(request);
      body = new ByteArrayOutputStream();
    } catch (Refusal e) {
      refusal = e;
    }
    boolean isAsked = HttpUtil.is100ContinueExpected(request);
    long length = HttpUtil.getContentLength(request, 0L);
    if (length > maxMessageBytes) {
      end(Refusal.tooLarge(length, maxMessageBytes));
    } else if (refusal != null && isAsked) {
      end(refusal);
    } else {
      if (isAsked) {
        Future<?> ignored =
            context.writeAndFlush(
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE));
      }
      patience.begin();
    }
  }

  private void body(HttpContent content) {
    if (content.decoderResult().isFailure()) {
      end(malformed(content.decoderResult()));
      return;
    }
    int count = content.content().readableBytes();
    if (count > maxMessageBytes - bodyBytes) {
      end(Refusal.tooLarge((long) bodyBytes + count, maxMessageBytes));
      return;
    }
    bodyBytes += count;
    if (refusal == null) {
      gather(content);
    }
    if (!(content instanceof LastHttpContent)) {
      patience.begin();
      return;
    }
    patience.end();
    isWhole = true;
    if (refusal != null) {
      answer(Answers.refusal(refusal));
    } else {
      call();
    }
  }

  private void gather(HttpContent content) {
    try {
      content.content().readBytes(body, content.content().readableBytes());
    } catch (IOException e) {
      throw new AssertionError("an array takes all", e);
    }
  }

  private void call() {
    state = State.CALLING;
    byte[] request = body.toByteArray();
    body = null;
    JsonCall call = null;
    try {
      Message message = head.message(request);
      call = new JsonCall(channel, head, this::answer);
      call.begin(message);
    } catch (Refusal e) {
      answer(Answers.refusal(e));
    } catch (RuntimeException | Error e) {
      log.error("a call of JSON cannot be made", e);
      if (call != null) {
        call.cancel();
      }
      answer(Answers.refusal(Refusal.of(Status.INTERNAL.withDescription("the call failed: " + e))));
    }
  }

  // ---- what ends a connection

  /** Answers a request that is not read to its end, which ends the connection. */
  private void end(Refusal why) {
    patience.end();
    isLast = true;
    answer(Answers.refusal(why));
  }

  private static Refusal malformed(DecoderResult result) {
    Throwable why = result.cause();
    if (why instanceof TooLongFrameException) {
      return new Refusal(
          HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
          Status.RESOURCE_EXHAUSTED.withDescription(why.getMessage()));
    }
    return Refusal.invalid("malformed HTTP: " + why);
  }

  /** The server takes no more calls. */
  void drain() {
    draining = true;
    if (state == State.HEAD) {
      close();
    }
  }

  private void close() {
    Future<?> ignored = context.close();
  }

  // ---- an answer

  private void answer(FullHttpResponse response) {
    if (!context.channel().isActive()) {
      response.release();
      return;
    }
    state = State.ANSWERING;
    isLast |= draining;
    if (isLast) {
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    } else if (saysKeepAlive) {
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
    }
    Future<?> ignored =
        context
            .writeAndFlush(response)
            .addListener((ChannelFutureListener) sent -> answered(sent.isSuccess()));
  }

  private void answered(boolean isSent) {
    if (!isSent || (isLast && isWhole && ahead.isEmpty()) || (draining && !isLast)) {
      close();
      return;
    }
    state = isLast ? State.LEAVING : State.HEAD;
    if (isLast) {
      Future<?> ignored =
          context.executor().schedule(this::close, LEAVING_NANOS, TimeUnit.NANOSECONDS);
    }
    goOn();
  }
}
