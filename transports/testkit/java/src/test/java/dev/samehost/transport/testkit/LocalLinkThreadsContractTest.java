package dev.samehost.transport.testkit;

import dev.samehost.transport.LocalLink;

final class LocalLinkThreadsContractTest extends LinkThreadsContractTest {
  @Override
  protected LinkEnds open() {
    LocalLink.Ends ends = LocalLink.open("test-pair:contract", 10_000);
    return new LinkEnds(ends.first(), ends.second());
  }
}
