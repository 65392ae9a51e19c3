package dev.samehost.transport.shm;

import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.LinkThreadsContractTest;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class ShmLinkThreadsContractTest extends LinkThreadsContractTest {
  @TempDir Path folder;

  @Override
  protected LinkEnds open() throws Exception {
    return ShmFixture.open(folder);
  }
}
