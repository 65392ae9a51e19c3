package dev.samehost.transport.tls;

import dev.samehost.transport.testkit.LinkContractTest;
import dev.samehost.transport.testkit.LinkEnds;

final class TlsLinkContractTest extends LinkContractTest {
  @Override
  protected LinkEnds open() throws Exception {
    return TlsFixture.over(TlsFixture.local(65_536));
  }

  @Override
  protected int bytesThatWait() {
    return 1 << 14;
  }
}
