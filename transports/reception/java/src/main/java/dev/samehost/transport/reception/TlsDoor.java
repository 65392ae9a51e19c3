package dev.samehost.transport.reception;

import dev.samehost.transport.Fault;
import dev.samehost.transport.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLException;

/**
 * Stands before the {@link Judge} of a connection that is to speak TLS: does the handshake, shows
 * it what the client says inside, and seals what it answers. A connection that is accepted leaves
 * with the session.
 *
 * <pre>
 *   NEW ---> SHAKING ---> OPEN                what the judge says is sealed, and then the end
 *    |          |           |
 *    |          \-----------+---> FAILED      it is not said; TLS has said why, by an alert
 *    \--------------------------> PLAIN       no TLS came: it is said as it is
 * </pre>
 */
@SuppressWarnings("FutureReturnValueIgnored") // what cannot be said to one who has gone is not
final class TlsDoor extends ChannelDuplexHandler {
  private static final int OPENED_BYTES = 16 << 10;

  private enum State {
    NEW,
    SHAKING,
    OPEN,
    FAILED,
    PLAIN
  }

  private final TlsSession session;
  private State state = State.NEW;
  private ChannelFuture said;

  TlsDoor(TlsSession session) {
    this.session = session;
  }

  /** What goes on with an accepted connection. */
  TlsSession session() {
    return session;
  }

  /** What was said so far; complete once the system has it. Null before anything was. */
  ChannelFuture said() {
    return said;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    try {
      if (state == State.FAILED || state == State.PLAIN) {
        return;
      }
      session.take(bytes.nioBuffer());
    } finally {
      bytes.release();
    }
    if (state == State.NEW && !session.isTls()) {
      state = State.PLAIN;
      context.fireUserEventTriggered(Fault.TLS_EXPECTED);
      return;
    }
    try {
      goOn(context);
    } catch (SSLException e) {
      state = State.FAILED;
      session.alert();
      say(context);
      context.fireUserEventTriggered(e);
    }
  }

  private void goOn(ChannelHandlerContext context) throws SSLException {
    if (state != State.OPEN) {
      state = session.shake() ? State.OPEN : State.SHAKING;
      say(context);
    }
    if (state == State.OPEN) {
      ByteBuffer opened = ByteBuffer.allocate(OPENED_BYTES);
      int count = session.open(opened);
      say(context);
      if (count > 0) {
        context.fireChannelRead(Unpooled.wrappedBuffer(opened.flip()));
      }
    }
  }

  /** Sends what TLS has to say. */
  private void say(ChannelHandlerContext context) {
    if (session.output().hasRemaining()) {
      ByteBuf copy = Unpooled.copiedBuffer(session.output());
      session.output().position(session.output().limit());
      said = context.writeAndFlush(copy);
    }
  }

  /** A farewell, and nothing after it. */
  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
      throws SSLException {
    if (state == State.PLAIN) {
      context.write(message, promise);
      return;
    }
    ByteBuf farewell = (ByteBuf) message;
    try {
      if (state == State.OPEN) {
        ByteBuffer text = farewell.nioBuffer();
        while (text.hasRemaining()) {
          int ignored = session.seal(text);
          say(context);
        }
        session.end();
        say(context);
      }
      succeeds(promise);
    } finally {
      farewell.release();
    }
  }

  /** Once all is said. */
  private void succeeds(ChannelPromise promise) {
    if (said == null) {
      promise.setSuccess();
    } else {
      said.addListener(ignored -> promise.trySuccess());
    }
  }
}
