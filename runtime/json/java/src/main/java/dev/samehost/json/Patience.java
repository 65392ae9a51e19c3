package dev.samehost.json;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Closes a connection whose client is slow: whose head is not whole so long after its first byte,
 * or who says nothing for so long within a body.
 */
final class Patience extends ChannelInboundHandlerAdapter {
  private final long nanos;
  private ChannelHandlerContext context;
  private ScheduledFuture<?> check; // null while nothing is waited for
  private long since;

  Patience(long nanos) {
    this.nanos = nanos;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    this.context = context;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    begin(); // there are bytes: this is how it is known who speaks here
    context.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object bytes) {
    if (check == null) {
      begin();
    }
    context.fireChannelRead(bytes);
  }

  /** The client is to go on from here. */
  void begin() {
    since = System.nanoTime();
    if (check == null) {
      check = context.executor().schedule(this::check, nanos, TimeUnit.NANOSECONDS);
    }
  }

  /** A request is whole. */
  void end() {
    if (check != null) {
      check.cancel(false);
      check = null;
    }
  }

  private void check() {
    long left = nanos - (System.nanoTime() - since);
    if (left > 0) {
      check = context.executor().schedule(this::check, left, TimeUnit.NANOSECONDS);
    } else {
      Future<?> ignored = context.close();
    }
  }
}
