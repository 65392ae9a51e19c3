package dev.samehost.transport.posix;

import dev.samehost.transport.testkit.DescriptorsContract;
import dev.samehost.transport.testkit.LinkContractTest;
import dev.samehost.transport.testkit.LinkEnds;

final class PipeLinkContractTest extends LinkContractTest implements DescriptorsContract {
  @Override
  public LinkEnds open() throws SystemCallException {
    return PipeEnds.open(Access.NON_BLOCKING);
  }
}
