package dev.samehost.transport.posix;

import dev.samehost.transport.Peer;
import dev.samehost.transport.testkit.LinkEnds;

/** Opens links over two pipes. */
final class PipeEnds {
  private PipeEnds() {}

  /** A link whose near end uses its pipes by {@code access}. */
  static LinkEnds open(Access access) throws SystemCallException {
    Fd.Pipe there = Fd.pipe();
    Fd.Pipe back = Fd.pipe();
    there.source().setNonBlocking();
    back.sink().setNonBlocking();
    if (access == Access.NON_BLOCKING) {
      there.sink().setNonBlocking();
      back.source().setNonBlocking();
    }
    Peer peer = Peer.at("test:pipes");
    return new LinkEnds(
        FdLink.over(back.source(), access, there.sink(), access, peer),
        FdLink.over(there.source(), Access.NON_BLOCKING, back.sink(), Access.NON_BLOCKING, peer));
  }
}
