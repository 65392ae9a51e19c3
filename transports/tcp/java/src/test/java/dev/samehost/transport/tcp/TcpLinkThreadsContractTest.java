package dev.samehost.transport.tcp;

import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.LinkThreadsContractTest;

final class TcpLinkThreadsContractTest extends LinkThreadsContractTest {
  @Override
  protected LinkEnds open() throws Exception {
    return TcpFixture.open("tcp:localhost:0");
  }
}
