package dev.samehost.http2;

import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.Hello;

/** Makes links to servers of HTTP/2, over the links of another connector. */
final class Http2Connector implements Connector {
  private final Connector connector;
  private final Hello limits;
  private Link unsure; // over which nobody has said yet that it speaks HTTP/2
  private boolean closed;

  Http2Connector(Connector connector, Hello limits) {
    this.connector = connector;
    this.limits = limits;
  }

  @Override
  public Link connect(long timeoutNanos) throws LinkException {
    Link http2 = connector.connect(timeoutNanos);
    if (!becomesUnsure(http2)) {
      http2.close();
      throw Fault.CHANNEL_SHUTDOWN.with(http2.peer().address());
    }
    try {
      return Outgoing.begin(http2, limits, connector.helloTimeoutNanos());
    } finally {
      becomesUnsure(null);
    }
  }

  private synchronized boolean becomesUnsure(Link link) {
    unsure = link;
    return !closed;
  }

  @Override
  public long helloTimeoutNanos() {
    return connector.helloTimeoutNanos();
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (unsure != null) {
      unsure.close();
    }
  }
}
