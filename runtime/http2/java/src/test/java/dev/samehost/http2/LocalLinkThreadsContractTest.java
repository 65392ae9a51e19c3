package dev.samehost.http2;

import dev.samehost.transport.Peer;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.LinkThreadsContractTest;

final class LocalLinkThreadsContractTest extends LinkThreadsContractTest {
  @Override
  protected LinkEnds open() {
    LocalLink.Ends ends = LocalLink.open(Peer.at("test:contract"), "", () -> {});
    return new LinkEnds(ends.outer(), ends.inner());
  }
}
