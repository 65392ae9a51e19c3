package dev.samehost.http2;

import dev.samehost.OverLink;
import dev.samehost.bridge.Countdown;
import dev.samehost.bridge.Gzip;
import dev.samehost.bridge.LinkAddress;
import dev.samehost.bridge.LinkChannel;
import dev.samehost.bridge.LinkIo;
import dev.samehost.bridge.Within;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.LocalLink;
import dev.samehost.wire.Hello;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.Channel;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A connection that a channel of ours has made to a server of HTTP/2: grpc-java's channel over it,
 * to which calls come over a link within this process.
 *
 * <pre>
 *   channel --LocalLink--> server of ours, Proxy, grpc-java's channel, LinkChannel --link--> server
 * </pre>
 *
 * <p>Where either connection ends the other one does, and then the thread of both.
 */
final class Outgoing {
  private static final String AUTHORITY = "localhost";

  private final Link http2;
  private final Hello limits;
  private final LinkIo io;
  private final LocalLink.Ends ends;
  private final Countdown ended; // the connection, and the link within
  private final AtomicBoolean given = new AtomicBoolean();
  private final CompletableFuture<LinkException> settled = new CompletableFuture<>();
  private final ManagedChannel channel;
  private final Server server;

  private Outgoing(Link http2, Hello limits) {
    this.http2 = http2;
    this.limits = limits;
    this.io = LinkIo.of(http2, Http2Bridge.THREAD, () -> {});
    this.ended = new Countdown(2, io::end);
    this.ends =
        LocalLink.open(http2.peer(), Http2Bridge.MEDIUM, Within.LOCAL_BYTES, this::innerHasEnded);
    this.channel = channel();
    this.server = server();
  }

  /**
   * The link for the channel of ours, once the peer has said that it speaks HTTP/2.
   *
   * @param helloNanos how long it may take to say so
   * @throws LinkException when it has not; nothing is left behind then
   */
  static Link begin(Link http2, Hello limits, long helloNanos) throws LinkException {
    Outgoing outgoing = new Outgoing(http2, limits);
    LinkException failure = outgoing.connect(helloNanos);
    if (failure != null) {
      http2.close();
      outgoing.ends.second().close();
      if (outgoing.given.compareAndSet(false, true)) {
        outgoing.ended.one(); // there will be no channel that says so
      }
      throw failure;
    }
    return outgoing.ends.first();
  }

  private ManagedChannel channel() {
    return NettyChannelBuilder.forAddress(new LinkAddress(address()))
        .eventLoopGroup(io.group())
        .channelFactory(this::connection)
        .directExecutor()
        .overrideAuthority(AUTHORITY)
        .usePlaintext()
        .disableServiceConfigLookUp() // what is tried again is what the peer has not seen, alone
        .idleTimeout(Long.MAX_VALUE, TimeUnit.DAYS)
        .maxInboundMessageSize(limits.maxMessageBytes())
        .maxInboundMetadataSize(Http2Bridge.HEADERS_BYTES)
        .compressorRegistry(Gzip.SENT)
        .decompressorRegistry(limits.has(Gzip.NAME) ? Gzip.TAKEN : Gzip.NOT_TAKEN)
        .build();
  }

  /**
   * The one connection. A call that asks for another one came after the peer has said that it goes
   * away, or is tried again by grpc-java, as the peer has not seen it.
   */
  private Channel connection() {
    if (!given.compareAndSet(false, true)) {
      throw Status.UNAVAILABLE
          .withDescription(Fault.PEER_DRAINING.text(address()))
          .withCause(new OverLink.Unseen())
          .asRuntimeException();
    }
    LinkChannel connection = LinkChannel.connecting(http2, io);
    connection.closeFuture().addListener(closed -> http2HasEnded(connection.failure()));
    return connection;
  }

  private Server server() {
    return OverLink.server(ends.second())
        .directExecutor()
        .maxInboundMessageSize(Integer.MAX_VALUE)
        .maxInboundMetadataSize(Within.MOST_METADATA_BYTES)
        .compressorRegistry(Gzip.SENT)
        .decompressorRegistry(Gzip.TAKEN)
        .fallbackHandlerRegistry(Proxy.toHttp2(channel, address(), limits.maxMessageBytes()))
        .build();
  }

  /** Answers why the peer does not serve HTTP/2; null when it does. */
  private LinkException connect(long helloNanos) {
    watch(channel.getState(true));
    try {
      LinkException failure = settled.get(helloNanos, TimeUnit.NANOSECONDS);
      if (failure == null) {
        server.start();
      }
      return failure;
    } catch (TimeoutException e) {
      return failed("no SETTINGS came within " + seconds(helloNanos) + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return failed("interrupted");
    } catch (ExecutionException | IOException e) {
      return Fault.CONNECT_FAILED.causedBy(e, address(), "HTTP/2", e.getMessage());
    }
  }

  private LinkException failed(String why) {
    return Fault.CONNECT_FAILED.with(address(), "HTTP/2", why);
  }

  private String address() {
    return http2.peer().address();
  }

  private static String seconds(long nanos) {
    return BigDecimal.valueOf(nanos, 9).stripTrailingZeros().toPlainString();
  }

  /** Sees the peer say that it serves, and that it takes no more calls. */
  private void watch(ConnectivityState seen) {
    if (seen == ConnectivityState.READY) {
      settled.complete(null);
    }
    channel.notifyWhenStateChanged(
        seen,
        () -> {
          if (seen == ConnectivityState.READY) {
            server.shutdown(); // open calls go on
          } else {
            watch(channel.getState(false));
          }
        });
  }

  /** By the thread of the connection. */
  private void http2HasEnded(LinkException failure) {
    String why = "the server has ended the connection";
    settled.complete(Fault.CONNECT_FAILED.causedBy(failure, address(), "HTTP/2", why));
    channel.shutdownNow();
    server.shutdown();
    ended.one();
  }

  private void innerHasEnded() {
    channel.shutdownNow();
    server.shutdown();
    ended.one();
  }
}
