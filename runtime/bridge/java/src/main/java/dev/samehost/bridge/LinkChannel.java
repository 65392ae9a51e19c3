package dev.samehost.bridge;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.RecvByteBufAllocator;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;

/** A channel of Netty's over a link. Its event loop is that of {@link LinkIo}, of the same link. */
@SuppressWarnings("deprecation") // Netty has no other type for the sizes of reads yet
public final class LinkChannel extends AbstractChannel {
  private static final ChannelMetadata METADATA = new ChannelMetadata(false);

  /** Small writes become one of up to so many bytes: HTTP/2 comes in many small pieces. */
  private static final int GATHERED_BYTES = 64 << 10;

  private final Link link;
  private final LinkIo io;
  private final SocketAddress address;
  private final ChannelConfig config = new Config(this);

  // Of the event loop's thread, and what is volatile read anywhere.
  private volatile boolean open = true;
  private volatile boolean connected;
  private volatile LinkException failure;
  private boolean wantsRead;
  private boolean wantsWrite;

  /**
   * A channel of one that has connected.
   *
   * @param server it is a child of, or null
   */
  public static LinkChannel accepted(Channel server, Link link, LinkIo io) {
    LinkChannel channel = new LinkChannel(server, link, io);
    channel.connected = true;
    return channel;
  }

  /** A channel that is to be told to connect, which it has done by then. */
  public static LinkChannel connecting(Link link, LinkIo io) {
    return new LinkChannel(null, link, io);
  }

  private LinkChannel(Channel parent, Link link, LinkIo io) {
    super(parent);
    this.link = link;
    this.io = io;
    this.address = new LinkAddress(link.peer().address());
  }

  /** Why its link has failed; null where it has not, or has ended. */
  public LinkException failure() {
    return failure;
  }

  // ---- by the event loop

  /** What it waits for. */
  int interest() {
    return (wantsRead ? Link.READ : 0) | (wantsWrite ? Link.WRITE : 0);
  }

  void ready(int operations) {
    if ((operations & Link.WRITE) != 0) {
      wantsWrite = false;
      ((LinkUnsafe) unsafe()).flush0();
    }
    if ((operations & Link.READ) != 0 && open) {
      readAll();
    }
  }

  void failed(LinkException why) {
    failure = why;
    pipeline().fireExceptionCaught(new IOException(why.getMessage(), why));
    unsafe().close(voidPromise());
  }

  private void readAll() {
    wantsRead = false;
    RecvByteBufAllocator.Handle sizes = unsafe().recvBufAllocHandle();
    sizes.reset(config);
    boolean ended = false;
    LinkException why = null;
    try {
      do {
        ended = !readOnce(sizes);
      } while (!ended && sizes.continueReading());
    } catch (LinkException e) {
      why = e;
    }
    sizes.readComplete();
    pipeline().fireChannelReadComplete();
    if (why != null) {
      failed(why);
    } else if (ended) {
      unsafe().close(voidPromise());
    }
  }

  /** Answers false at the end. */
  private boolean readOnce(RecvByteBufAllocator.Handle sizes) throws LinkException {
    ByteBuf bytes = sizes.allocate(config.getAllocator());
    try {
      ByteBuffer room = bytes.nioBuffer(bytes.writerIndex(), bytes.writableBytes());
      sizes.attemptedBytesRead(room.remaining());
      int count = link.read(room);
      sizes.lastBytesRead(count);
      if (count <= 0) {
        return count == 0;
      }
      sizes.incMessagesRead(1);
      pipeline().fireChannelRead(bytes.writerIndex(bytes.writerIndex() + count).retain());
      return true;
    } finally {
      bytes.release();
    }
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer output) throws Exception {
    while (!output.isEmpty()) {
      ByteBuf first = (ByteBuf) output.current();
      int wanted;
      int written;
      if (output.size() > 1 && first.readableBytes() < GATHERED_BYTES / 2) {
        ByteBuf gathered = config.getAllocator().directBuffer(GATHERED_BYTES);
        try {
          output.forEachFlushedMessage(message -> gather((ByteBuf) message, gathered));
          wanted = gathered.readableBytes();
          written = write(gathered);
        } finally {
          gathered.release();
        }
      } else {
        wanted = first.readableBytes();
        written = write(first);
      }
      output.removeBytes(written);
      if (written < wanted) {
        wantsWrite = true;
        return;
      }
    }
    wantsWrite = false;
  }

  private static boolean gather(ByteBuf message, ByteBuf into) {
    int count = Math.min(message.readableBytes(), into.writableBytes());
    into.writeBytes(message, message.readerIndex(), count);
    return into.isWritable();
  }

  private int write(ByteBuf bytes) throws IOException {
    try {
      return bytes.isReadable() ? link.write(bytes.nioBuffer()) : 0;
    } catch (LinkException e) {
      failure = e;
      throw new IOException(e.getMessage(), e);
    }
  }

  // ---- what Netty asks of a channel

  @Override
  protected void doRegister(ChannelPromise promise) {
    io.drives(this);
    promise.setSuccess();
  }

  @Override
  protected void doBeginRead() {
    wantsRead = true;
  }

  @Override
  protected void doClose() {
    open = false;
    link.close();
  }

  @Override
  protected void doDisconnect() {
    doClose();
  }

  @Override
  protected void doBind(SocketAddress local) {
    throw new UnsupportedOperationException("a link is bound to nothing");
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public boolean isActive() {
    return open && connected;
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return true;
  }

  @Override
  protected SocketAddress localAddress0() {
    return address;
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return address;
  }

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new LinkUnsafe();
  }

  private final class LinkUnsafe extends AbstractUnsafe {
    @Override
    public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
      if (!promise.setUncancellable() || !ensureOpen(promise)) {
        return;
      }
      connected = true;
      safeSetSuccess(promise);
      pipeline().fireChannelActive();
    }

    /** Not while the link takes nothing: it is waited for. */
    @Override
    protected void flush0() {
      if (!wantsWrite) {
        super.flush0();
      }
    }
  }

  /** The options of a channel; those of sockets, which gRPC sets, are the transport's business. */
  public static final class Config extends DefaultChannelConfig {
    /** The options of a channel. */
    public Config(Channel channel) {
      super(channel);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
      return option.equals(ChannelOption.SO_KEEPALIVE) || super.setOption(option, value);
    }
  }
}
