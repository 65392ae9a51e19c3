package dev.samehost.http2;

import dev.samehost.bridge.LinkChannel;
import io.netty.channel.AbstractServerChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import java.util.function.Function;

/** A listening channel of Netty's that accepts one connection, which has been made already. */
final class LinkServerChannel extends AbstractServerChannel {
  private final ChannelConfig config = new LinkChannel.Config(this);
  private final Function<LinkServerChannel, LinkChannel> connection;
  private SocketAddress address;
  private boolean accepted;
  private volatile boolean open = true;

  /** A channel that accepts what {@code connection} gives, with this as its parent. */
  LinkServerChannel(Function<LinkServerChannel, LinkChannel> connection) {
    this.connection = connection;
  }

  @Override
  protected void doBind(SocketAddress local) {
    address = local;
  }

  @Override
  protected void doBeginRead() {
    if (!accepted) {
      accepted = true;
      // Not at once: whoever wants to accept is still being told that it can.
      eventLoop().execute(() -> pipeline().fireChannelRead(connection.apply(this)));
    }
  }

  @Override
  protected void doClose() {
    open = false;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public boolean isActive() {
    return open && address != null;
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  protected SocketAddress localAddress0() {
    return address;
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return true;
  }
}
