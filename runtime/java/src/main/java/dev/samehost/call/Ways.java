package dev.samehost.call;

import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.Hello;
import dev.samehost.wire.Preface.Verdict;

/** How a dialer reaches its peer: by a connector, or by the same one with a bridge around it. */
final class Ways {
  private final Connector direct;
  private final Hello limits;
  private Connector bridged; // null until a peer spoke HTTP/2

  Ways(Connector direct, Hello limits) {
    this.direct = direct;
    this.limits = limits;
  }

  /** The way that is tried first. */
  Connector direct() {
    return direct;
  }

  /** The way to a peer that said no HELLO, for this reason; null when there is none. */
  synchronized Connector after(LinkException failure) {
    if (failure == null || failure.fault() != Fault.PEER_HTTP2) {
      return null;
    }
    Bridge bridge = Bridges.to(Verdict.HTTP2);
    if (bridged == null && bridge != null) {
      bridged = bridge.over(direct, limits);
    }
    return bridged;
  }

  /** Ends an attempt in progress; there will be no other. */
  synchronized void close() {
    direct.close();
    if (bridged != null) {
      bridged.close();
    }
  }
}
