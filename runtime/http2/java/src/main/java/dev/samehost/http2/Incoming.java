package dev.samehost.http2;

import dev.samehost.bridge.Countdown;
import dev.samehost.bridge.Gzip;
import dev.samehost.bridge.LinkAddress;
import dev.samehost.bridge.LinkChannel;
import dev.samehost.bridge.LinkIo;
import dev.samehost.bridge.Within;
import dev.samehost.call.Bridge.Host;
import dev.samehost.transport.Link;
import dev.samehost.wire.Hello;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that a client of HTTP/2 has made to a server of ours: grpc-java's server over it,
 * whose calls go on over a link within this process.
 *
 * <pre>
 *   client --link--> LinkChannel, grpc-java's server, Proxy, channel of ours --LocalLink--> server
 * </pre>
 *
 * <p>Where either connection ends the other one does, and then the thread of both.
 */
final class Incoming {
  private static final Logger log = LoggerFactory.getLogger(Incoming.class);

  private final Link http2;
  private final Host host;
  private final LinkIo io;
  private final Within within;
  private final CountDownLatch accepted = new CountDownLatch(1);
  private final Countdown ended; // the connection, the link within, and the beginning
  private ManagedChannel channel;

  // Of the connection's thread, where grpc-java's server can be shut down without a wait.
  private Server server; // null until it serves
  private boolean http2IsOpen = true;
  private boolean innerHasEnded;

  private Incoming(Link http2, Host host, Runnable over) {
    this.http2 = http2;
    this.host = host;
    this.io = LinkIo.of(http2, Http2Bridge.THREAD, over);
    this.ended = new Countdown(3, io::end);
    this.within = new Within(http2.peer(), Http2Bridge.MEDIUM, io, this::innerHasEnded);
  }

  /** Begins at once, on a thread of its own. The answer is the link for the server. */
  static Link begin(Link http2, Host host, Runnable over) {
    Incoming incoming = new Incoming(http2, host, over);
    Thread starter = new Thread(incoming::start, "samehost-http2-start-" + http2.peer().address());
    starter.setDaemon(true);
    starter.start();
    return incoming.within.server();
  }

  private void start() {
    try {
      channel = within.channel();
      Server started = server().build().start();
      accepted.await(); // or it could be shut down before it has seen its one connection
      io.group().execute(() -> serves(started));
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      log.warn("{}: a connection of HTTP/2 cannot be served", http2.peer().address(), e);
      http2.close();
      within.close();
      ended.one();
      if (accepted.getCount() > 0) {
        ended.one(); // no connection will say so
      }
    }
  }

  private NettyServerBuilder server() {
    Hello limits = host.limits();
    return NettyServerBuilder.forAddress(new LinkAddress(http2.peer().address()))
        .bossEventLoopGroup(io.group())
        .workerEventLoopGroup(io.group())
        .channelFactory(() -> new LinkServerChannel(this::connection))
        .directExecutor()
        .fallbackHandlerRegistry(Proxy.toLink(channel, limits.maxMessageBytes()))
        .maxInboundMessageSize(limits.maxMessageBytes())
        .maxInboundMetadataSize(Http2Bridge.HEADERS_BYTES)
        .maxConcurrentCallsPerConnection(limits.maxStreams())
        .permitKeepAliveTime(0, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true)
        .compressorRegistry(Gzip.SENT)
        .decompressorRegistry(limits.has(Gzip.NAME) ? Gzip.TAKEN : Gzip.NOT_TAKEN);
  }

  // ---- by the connection's thread

  private LinkChannel connection(LinkServerChannel parent) {
    LinkChannel connection = LinkChannel.accepted(parent, http2, io);
    connection.pipeline().addLast(new Greeting(host.helloTimeoutNanos()));
    connection.closeFuture().addListener(closed -> http2HasEnded());
    accepted.countDown();
    return connection;
  }

  private void serves(Server started) {
    server = started;
    ended.one();
    if (innerHasEnded || !http2IsOpen) {
      server.shutdown();
    } else {
      Within.connect(channel, server::shutdown); // open calls go on
    }
  }

  private void http2HasEnded() {
    http2IsOpen = false;
    if (server != null) {
      server.shutdown();
    }
    channel.shutdownNow();
    ended.one();
  }

  private void innerHasEnded() {
    innerHasEnded = true;
    if (server != null) {
      server.shutdown();
    }
    ended.one();
  }
}
