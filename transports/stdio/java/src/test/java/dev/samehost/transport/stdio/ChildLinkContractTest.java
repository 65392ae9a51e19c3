package dev.samehost.transport.stdio;

import dev.samehost.transport.testkit.DescriptorsContract;
import dev.samehost.transport.testkit.LinkContractTest;
import dev.samehost.transport.testkit.LinkEnds;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX) // another process's descriptors are opened through /proc
final class ChildLinkContractTest extends LinkContractTest implements DescriptorsContract {
  @Override
  public LinkEnds open() throws Exception {
    return ChildEnds.ofChild();
  }
}
