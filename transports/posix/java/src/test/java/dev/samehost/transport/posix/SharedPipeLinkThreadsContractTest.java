package dev.samehost.transport.posix;

import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.LinkThreadsContractTest;

final class SharedPipeLinkThreadsContractTest extends LinkThreadsContractTest {
  @Override
  protected LinkEnds open() throws SystemCallException {
    return PipeEnds.open(Access.SHARED);
  }
}
