package dev.samehost.http2;

import dev.samehost.transport.Peer;
import dev.samehost.transport.testkit.LinkContractTest;
import dev.samehost.transport.testkit.LinkEnds;

final class LocalLinkContractTest extends LinkContractTest {
  @Override
  protected LinkEnds open() {
    LocalLink.Ends ends = LocalLink.open(Peer.at("test:contract"), "", () -> {});
    return new LinkEnds(ends.outer(), ends.inner());
  }
}
