package dev.samehost.transport.fifo;

import dev.samehost.transport.testkit.DescriptorsContract;
import dev.samehost.transport.testkit.LinkContractTest;
import dev.samehost.transport.testkit.LinkEnds;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class FifoLinkContractTest extends LinkContractTest implements DescriptorsContract {
  @TempDir Path folder;

  @Override
  public LinkEnds open() throws Exception {
    return new FifoFixture(folder).open();
  }
}
