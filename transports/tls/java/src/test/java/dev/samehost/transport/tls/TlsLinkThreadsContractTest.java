package dev.samehost.transport.tls;

import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.LinkThreadsContractTest;

final class TlsLinkThreadsContractTest extends LinkThreadsContractTest {
  @Override
  protected LinkEnds open() throws Exception {
    return TlsFixture.over(TlsFixture.local(65_536));
  }
}
