package dev.samehost.transport.unix;

import dev.samehost.transport.Address;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.LinkThreadsContractTest;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class UnixLinkThreadsContractTest extends LinkThreadsContractTest {
  @TempDir Path folder;

  @Override
  protected LinkEnds open() throws Exception {
    return UnixFixture.open(
        new UnixTransport(), new Address("unix", folder.resolve("s").toString()));
  }
}
