package dev.samehost.bridge;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What the thread of one connection waits for: its link, and work that Netty has for it. So a
 * connection has a thread and no hop between threads, whatever its link is made of.
 */
public final class LinkIo implements IoHandler {
  /** How long it rests at most, when there is no link to wait for any more. */
  private static final long REST_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final Link link;
  private final Runnable over;
  private final IoEventLoopGroup group;

  // Of its thread, once that runs.
  private LinkChannel channel;

  private LinkIo(Link link, String name, Runnable over) {
    this.link = link;
    this.over = over;
    ThreadFactory threads = task -> thread(task, name + link.peer().address());
    this.group = new MultiThreadIoEventLoopGroup(1, threads, executor -> this);
  }

  private static Thread thread(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Waits for a link once there is a channel over it.
   *
   * @param name of its thread, before the address
   * @param over is run by its thread at the very end, when the link is closed
   */
  public static LinkIo of(Link link, String name, Runnable over) {
    return new LinkIo(link, name, over);
  }

  /** The event loop, whose thread begins with its first task. */
  public IoEventLoopGroup group() {
    return group;
  }

  /** Ends the thread once it has done what it was given. */
  public void end() {
    Future<?> ignored = group.shutdownGracefully(0, 0, TimeUnit.NANOSECONDS);
  }

  /** By its thread: there is a channel now. */
  void drives(LinkChannel registered) {
    channel = registered;
  }

  @Override
  public int run(IoHandlerContext context) {
    long nanos = 0;
    if (context.canBlock()) {
      long deadline = context.deadlineNanos();
      nanos = deadline == -1 ? Link.FOREVER : Math.max(0, context.delayNanos(System.nanoTime()));
    }
    if (channel == null || !channel.isOpen()) {
      LockSupport.parkNanos(this, Math.min(nanos, REST_NANOS));
      return 0;
    }
    try {
      int ready = link.await(channel.interest(), nanos);
      channel.ready(ready);
      return Integer.bitCount(ready);
    } catch (LinkException e) {
      channel.failed(e);
      return 0;
    }
  }

  @Override
  public void wakeup() {
    link.wake();
  }

  @Override
  public void prepareToDestroy() {
    if (channel != null) {
      channel.unsafe().close(channel.voidPromise());
    }
  }

  @Override
  public void destroy() {
    link.close();
    over.run();
  }

  /** Nothing else can be waited for. */
  @Override
  public IoRegistration register(IoHandle handle) {
    throw new UnsupportedOperationException("one link, and no other handle");
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> type) {
    return false;
  }
}
