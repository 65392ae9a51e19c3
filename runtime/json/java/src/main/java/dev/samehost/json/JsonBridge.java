package dev.samehost.json;

import dev.samehost.call.Bridge;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Link;
import dev.samehost.wire.Hello;
import dev.samehost.wire.Preface.Verdict;

/** The bridge that a server finds when a client speaks HTTP/1. */
public final class JsonBridge implements Bridge {
  /** For {@link java.util.ServiceLoader}. */
  public JsonBridge() {}

  @Override
  public Verdict protocol() {
    return Verdict.HTTP1;
  }

  @Override
  public Link accept(Link http1, Host host, Runnable over) {
    return JsonConnection.begin(http1, host, over);
  }

  /** Servers of HTTP/1 are not called. */
  @Override
  public Connector over(Connector connector, Hello limits) {
    return null;
  }
}
