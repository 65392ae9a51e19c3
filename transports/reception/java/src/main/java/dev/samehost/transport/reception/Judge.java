package dev.samehost.transport.reception;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener.Acceptor;
import dev.samehost.transport.Listener.FirstBytes;
import dev.samehost.transport.Peer;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.FdLink;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.tls.TlsFaults;
import dev.samehost.transport.tls.TlsLink;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides on one new connection, by who the peer is and by its first bytes. Runs on the listener's
 * event loop, and never waits there: what is accepted leaves Netty as a link.
 *
 * <pre>
 *              an objection, NO, too many, timeout, no TLS where it should be
 *   JUDGING -----------------------------------------> TURNED_AWAY ---> closed, refused()
 *    | | ^                                              farewell, then at most a second
 *    | | |                                              for the peer to read it
 *    | | |
 *    | | | an offer of shared memory     ACK: the first bytes come through it
 *    | | \---------------------------- OFFERED --- neither ACK nor NAK ---> GONE, refused()
 *    | \----------------------------->            NAK, or it was refused: over the socket
 *    | YES
 *    v
 *   LEAVING ---> a link, accepted()          JUDGING --- the peer has gone ---> GONE, refused()
 * </pre>
 */
@SuppressWarnings(
    "FutureReturnValueIgnored") // a close or a farewell that fails leaves nothing to be done
final class Judge extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(Judge.class);

  /** More first bytes than anyone needs to be told from others. */
  private static final int JUDGED_BYTES = 4096;

  /** How long a peer that was turned away may take to read the farewell. */
  private static final Duration FAREWELL = Duration.ofSeconds(1);

  private enum State {
    JUDGING,
    OFFERED,
    TURNED_AWAY,
    LEAVING,
    GONE
  }

  private final Endpoint endpoint;
  private final Acceptor acceptor;
  private final BooleanSupplier listening;
  private final Duration timeout;
  private final ByteBuf first = Unpooled.buffer(256);

  /** Of one whose offer was answered by memory, until it has said whether it takes it. */
  private Negotiation negotiation;

  /**
   * Of one that has taken the memory; the bytes come through it, and Netty reads only its bells.
   */
  private Upgrade.Upgraded upgraded;

  /** Of a connection that speaks TLS, else null: what is judged comes through it. */
  private final TlsDoor door;

  private boolean mayOffer;
  private ScheduledFuture<?> timer;
  private State state = State.JUDGING;
  private Peer peer;

  /** Of the listener, until the peer is known. */
  private String address;

  /**
   * A judge of one connection.
   *
   * @param door through which it comes, where it is to speak TLS; else null
   * @param listening false once the listener is being closed: it then closes the connection itself
   */
  Judge(
      Endpoint endpoint,
      Acceptor acceptor,
      BooleanSupplier listening,
      Duration timeout,
      TlsDoor door) {
    this.endpoint = endpoint;
    this.door = door;
    this.address = endpoint.address();
    this.acceptor = acceptor;
    this.listening = listening;
    this.timeout = timeout;
    this.mayOffer = endpoint.memoryOptions() != null;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) throws IOException {
    peer = endpoint.peer(context.channel());
    address = peer.address();
    LinkException objection = endpoint.objection(peer);
    if (objection != null) {
      turnAway(context, objection);
      return;
    }
    timer =
        context
            .executor()
            .schedule(() -> turnAway(context, late()), timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    try {
      if (state == State.TURNED_AWAY) {
        return;
      }
      first.writeBytes(bytes);
    } finally {
      bytes.release();
    }
    try {
      if (state == State.OFFERED) {
        settle(context);
      }
      if (state == State.JUDGING) {
        judge(context);
      }
    } catch (LinkException e) {
      drop(context, e);
    } catch (SystemCallException e) {
      drop(context, e.fault(Fault.LINK_FAILED, address));
    }
  }

  /** The peer says no more; or no TLS has come where it should, or it has failed. */
  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE && state != State.LEAVING) {
      // Whoever takes over one who leaves reads all that was said, and sees the end then.
      context.close();
    }
    if (state != State.JUDGING) {
      return;
    }
    if (event instanceof SSLException failure) {
      turnAway(context, TlsFaults.of(failure, address));
    } else if (event == Fault.TLS_EXPECTED) {
      turnAway(context, Fault.TLS_EXPECTED.with(address));
    }
  }

  private void judge(ChannelHandlerContext context) throws LinkException, SystemCallException {
    if (upgraded != null) {
      peek();
    } else if (mayOffer && first.isReadable()) {
      FirstBytes offer = Offer.judge(seen());
      if (offer == FirstBytes.YES) {
        answer(context);
      }
      if (offer == FirstBytes.MORE || state != State.JUDGING) {
        return;
      }
    }
    if (!first.isReadable()) {
      return;
    }
    FirstBytes answer = acceptor.judge(seen());
    if (answer == FirstBytes.YES) {
      leave(context);
    } else if (answer == FirstBytes.NO || first.readableBytes() > JUDGED_BYTES) {
      turnAway(context, acceptor.faultOf(address, seen()));
    }
  }

  private void peek() throws LinkException {
    ByteBuffer bytes = ByteBuffer.allocate(JUDGED_BYTES + 1);
    int count = upgraded.peek(bytes);
    first.clear();
    if (count > 0) {
      first.writeBytes(bytes.flip());
    }
  }

  private void answer(ChannelHandlerContext context) throws LinkException, SystemCallException {
    mayOffer = false;
    ByteBuffer offer = first.nioBuffer();
    negotiation = Negotiation.answer(number(context.channel()), offer, endpoint.memoryOptions());
    first.skipBytes(Offer.WORDS_BYTES);
    if (negotiation != null) {
      state = State.OFFERED;
      settle(context);
      if (state == State.JUDGING) {
        judge(context);
      }
    }
  }

  /** What the client says of the memory that it was given. What comes with an ACK are bells. */
  private void settle(ChannelHandlerContext context) throws LinkException, SystemCallException {
    if (first.isReadable()) {
      upgraded = negotiation.settle(first.readByte(), number(context.channel()), peer);
      negotiation = null;
      state = State.JUDGING;
    }
  }

  private static int number(Channel channel) {
    return ((UnixChannel) channel).fd().intValue();
  }

  /** Hangs up on one who cannot be told why. */
  private void drop(ChannelHandlerContext context, LinkException why) {
    state = State.GONE;
    timer.cancel(false);
    context.channel().closeFuture().addListener(ignored -> acceptor.refused(why));
    context.close();
  }

  private ByteBuffer seen() {
    return first.nioBuffer().asReadOnlyBuffer();
  }

  private LinkException late() {
    return first.isReadable()
        ? acceptor.faultOf(address, seen())
        : Fault.PEER_SILENT.with(address, seconds());
  }

  /** Takes the connection out of Netty, which watches the open file and not the descriptor. */
  private void leave(ChannelHandlerContext context) {
    state = State.LEAVING;
    timer.cancel(false);
    Channel channel = context.channel();
    channel.config().setAutoRead(false);
    if (door != null && door.said() != null) {
      // Netty would take with it what it has not sent yet.
      door.said().addListener(ignored -> deregister(channel));
    } else {
      deregister(channel);
    }
  }

  private void deregister(Channel channel) {
    channel.deregister().addListener(ignored -> handOver(channel));
  }

  private void handOver(Channel channel) {
    if (!channel.isOpen()) {
      // The listener was closed meanwhile, and its descriptor may be somebody else's by now.
      if (upgraded != null) {
        upgraded.close();
      }
      return;
    }
    if (upgraded != null) {
      Link link = upgraded;
      upgraded = null;
      channel.close();
      acceptor.accepted(link, firstBytes());
      return;
    }
    ByteBuffer judged = firstBytes();
    Link link;
    try {
      link = link(Fd.duplicate(number(channel)), judged.duplicate());
    } catch (SystemCallException e) {
      acceptor.refused(e.fault(Fault.LINK_FAILED, address));
      return;
    } finally {
      channel.close();
    }
    acceptor.accepted(link, judged);
  }

  private Link link(Fd socket, ByteBuffer judged) throws SystemCallException {
    try {
      if (door == null) {
        return FdLink.overSocket(socket, peer, judged);
      }
      Link link = FdLink.overSocket(socket, peer, ByteBuffer.allocate(0));
      door.session().giveAgain(judged);
      return new TlsLink(link, door.session());
    } catch (SystemCallException e) {
      socket.close();
      throw e;
    }
  }

  private ByteBuffer firstBytes() {
    byte[] bytes = new byte[first.readableBytes()];
    first.readBytes(bytes);
    return ByteBuffer.wrap(bytes);
  }

  /**
   * Says farewell, and hangs up when the peer has, or after a while: a socket that is closed with
   * bytes unread breaks the peer's next write, before it has read why.
   */
  private void turnAway(ChannelHandlerContext context, LinkException why) {
    state = State.TURNED_AWAY;
    if (timer != null) {
      timer.cancel(false);
    }
    DuplexChannel channel = (DuplexChannel) context.channel();
    channel.closeFuture().addListener(ignored -> acceptor.refused(why));
    ByteBuffer farewell = acceptor.farewell(why);
    if (upgraded == null) {
      channel
          .writeAndFlush(Unpooled.wrappedBuffer(farewell))
          .addListener(ignored -> channel.shutdownOutput());
    } else if (farewell.hasRemaining()) {
      try {
        // The ring is empty, so a farewell fits.
        upgraded.write(farewell);
      } catch (LinkException e) {
        LOG.debug("{}: a peer that was turned away has gone", address, e);
      }
    }
    context.executor().schedule(() -> channel.close(), FAREWELL.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (timer != null) {
      timer.cancel(false);
    }
    if (negotiation != null) {
      negotiation.close();
    }
    if (upgraded != null && state != State.LEAVING) {
      upgraded.close();
    }
    if ((state == State.JUDGING || state == State.OFFERED) && listening.getAsBoolean()) {
      state = State.GONE;
      acceptor.refused(
          first.isReadable()
              ? acceptor.faultOf(address, seen())
              : Fault.PEER_GONE_BEFORE_HELLO.with(address));
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof IOException) {
      LOG.debug("{}: a connection broke before it was accepted", address, cause);
    } else {
      LOG.warn("{}: a connection failed before it was accepted", address, cause);
    }
    context.close();
  }

  private String seconds() {
    return BigDecimal.valueOf(timeout.toNanos(), 9).stripTrailingZeros().toPlainString();
  }
}
