package dev.samehost.transport.fifo;

import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.LinkThreadsContractTest;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class FifoLinkThreadsContractTest extends LinkThreadsContractTest {
  @TempDir Path folder;

  @Override
  public LinkEnds open() throws Exception {
    return new FifoFixture(folder).open();
  }
}
