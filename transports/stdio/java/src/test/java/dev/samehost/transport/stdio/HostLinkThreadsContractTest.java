package dev.samehost.transport.stdio;

import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.LinkThreadsContractTest;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX) // another process's descriptors are opened through /proc
final class HostLinkThreadsContractTest extends LinkThreadsContractTest {
  @Override
  protected LinkEnds open() throws Exception {
    return ChildEnds.ofHost();
  }
}
