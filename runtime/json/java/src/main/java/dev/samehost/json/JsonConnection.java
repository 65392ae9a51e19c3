package dev.samehost.json;

import dev.samehost.bridge.Countdown;
import dev.samehost.bridge.LinkChannel;
import dev.samehost.bridge.LinkIo;
import dev.samehost.bridge.Within;
import dev.samehost.call.Bridge.Host;
import dev.samehost.transport.Link;
import dev.samehost.transport.Peer;
import dev.samehost.wire.Hello;
import io.grpc.ManagedChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that a client of HTTP/1 has made to a server of ours, whose requests become calls
 * over a link within this process.
 *
 * <pre>
 *   client --link--> LinkChannel, HttpServerCodec, Requests, channel of ours --LocalLink--> server
 * </pre>
 *
 * <p>Where either connection ends the other one does, and then the thread of both.
 */
final class JsonConnection {
  private static final Logger log = LoggerFactory.getLogger(JsonConnection.class);

  /** What connections say of what carries them. */
  private static final String MEDIUM = "JSON over HTTP/1.1";

  /** Beside the application's metadata: what HTTP says. */
  private static final int HEADER_BYTES = 4_096;

  private static final int PIECE_BYTES = 64 << 10;

  private final Link http1;
  private final Host host;
  private final LinkIo io;
  private final Within within;
  private final Countdown ended; // the connection, and the link within

  // Of the connection's thread.
  private Requests requests; // null until it serves
  private boolean innerHasEnded;

  private JsonConnection(Link http1, Host host, Runnable over) {
    this.http1 = http1;
    this.host = host;
    this.io = LinkIo.of(http1, "samehost-json-", over);
    this.ended = new Countdown(2, io::end);
    this.within = new Within(http1.peer(), MEDIUM, io, this::innerHasEnded);
  }

  /** Begins at once, on the connection's thread. The answer is the link for the server. */
  static Link begin(Link http1, Host host, Runnable over) {
    JsonConnection connection = new JsonConnection(http1, host, over);
    connection.io.group().execute(connection::start);
    return connection.within.server();
  }

  private void start() {
    try {
      serve();
    } catch (RuntimeException | Error e) {
      log.warn("{}: a connection of HTTP/1 cannot be served", http1.peer().address(), e);
      within.close();
      ended.one(); // the link itself is closed with the thread
    }
  }

  private void serve() {
    ManagedChannel channel = within.channel();
    Peer peer = http1.peer();
    // By TLS a certificate says by which names this host is called.
    boolean isOfNetwork = peer.address().startsWith("tcp:") && peer.tls().isEmpty();
    Judge judge = new Judge(host.methods(), host.limits(), isOfNetwork);
    Patience patience = new Patience(host.helloTimeoutNanos());
    requests = new Requests(channel, judge, patience, host.limits().maxMessageBytes());
    LinkChannel connection = LinkChannel.accepted(null, http1, io);
    connection.config().setAutoRead(false);
    connection.pipeline().addLast(patience, codec(host.limits()), requests);
    connection.closeFuture().addListener(closed -> http1HasEnded(channel));
    connection.unsafe().register(io.group().next(), connection.newPromise());
    Within.connect(channel, requests::drain);
    if (innerHasEnded) {
      requests.drain();
    }
  }

  private static HttpServerCodec codec(Hello limits) {
    int headBytes = limits.maxMetadataBytes() + HEADER_BYTES;
    return new HttpServerCodec(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(headBytes)
            .setMaxHeaderSize(headBytes)
            .setMaxChunkSize(PIECE_BYTES),
        Integer.MAX_VALUE); // requests sent ahead: no more than one read has
  }

  private void http1HasEnded(ManagedChannel channel) {
    channel.shutdownNow();
    ended.one();
  }

  private void innerHasEnded() {
    innerHasEnded = true;
    if (requests != null) {
      requests.drain();
    }
    ended.one();
  }
}
