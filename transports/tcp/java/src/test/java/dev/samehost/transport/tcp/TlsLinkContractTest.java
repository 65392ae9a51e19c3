package dev.samehost.transport.tcp;

import dev.samehost.transport.testkit.DescriptorsContract;
import dev.samehost.transport.testkit.LinkContractTest;
import dev.samehost.transport.testkit.LinkEnds;

final class TlsLinkContractTest extends LinkContractTest implements DescriptorsContract {
  @Override
  public LinkEnds open() throws Exception {
    return TcpFixture.openSecret("tcp:127.0.0.1:0");
  }

  @Override
  protected int bytesThatWait() {
    return 1 << 14;
  }
}
