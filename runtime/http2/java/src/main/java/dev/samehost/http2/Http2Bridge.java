package dev.samehost.http2;

import dev.samehost.call.Bridge;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Link;
import dev.samehost.wire.Hello;
import dev.samehost.wire.Preface.Verdict;

/**
 * The bridge that a server or a channel finds when a peer speaks HTTP/2: grpc-java's own server or
 * channel over that connection, a proxy of calls, and a link within this process.
 */
public final class Http2Bridge implements Bridge {
  /** What connections of HTTP/2 say of what carries them. */
  static final String MEDIUM = "gRPC over HTTP/2";

  /** What threads of its connections are called, before the address. */
  static final String THREAD = "samehost-http2-";

  /**
   * The largest list of headers that is read, in HTTP's way of counting, with 32 bytes more for
   * each. Whether its metadata are too large is for our wire to say, where that ends its call
   * alone, and in words.
   */
  static final int HEADERS_BYTES = 40 << 10;

  /** For {@link java.util.ServiceLoader}. */
  public Http2Bridge() {}

  @Override
  public Verdict protocol() {
    return Verdict.HTTP2;
  }

  @Override
  public Link accept(Link http2, Host host, Runnable over) {
    return Incoming.begin(http2, host, over);
  }

  @Override
  public Connector over(Connector connector, Hello limits) {
    return new Http2Connector(connector, limits);
  }
}
