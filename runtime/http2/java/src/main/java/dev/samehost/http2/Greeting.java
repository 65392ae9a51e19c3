package dev.samehost.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Closes a connection whose client says its preface, and then no frame for too long. */
final class Greeting extends ChannelInboundHandlerAdapter {
  private static final int PREFACE_BYTES = 24;
  private static final int FRAME_HEAD_BYTES = 9;

  private final long nanos;
  private Future<?> late; // null where the connection ended before it was told to have begun
  private long left = PREFACE_BYTES + FRAME_HEAD_BYTES;

  Greeting(long nanos) {
    this.nanos = nanos;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    late = context.executor().schedule(() -> close(context), nanos, TimeUnit.NANOSECONDS);
    context.fireChannelActive();
  }

  private static void close(ChannelHandlerContext context) {
    Future<?> ignored = context.close();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object bytes) {
    left -= ((ByteBuf) bytes).readableBytes();
    if (left <= 0) {
      context.pipeline().remove(this); // there is one, of whatever kind
    }
    context.fireChannelRead(bytes);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    handlerRemoved(context);
    context.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    if (late != null) {
      late.cancel(false);
    }
  }
}
