package dev.samehost.transport.testkit;

final class PairLinkThreadsContractTest extends LinkThreadsContractTest {
  @Override
  protected LinkEnds open() {
    PairLink.Ends ends = PairLink.open("test-pair:contract", 10_000);
    return new LinkEnds(ends.connector(), ends.acceptor());
  }
}
