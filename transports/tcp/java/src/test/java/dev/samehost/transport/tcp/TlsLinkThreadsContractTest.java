package dev.samehost.transport.tcp;

import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.LinkThreadsContractTest;

final class TlsLinkThreadsContractTest extends LinkThreadsContractTest {
  @Override
  protected LinkEnds open() throws Exception {
    return TcpFixture.openSecret("tcp:localhost:0");
  }
}
