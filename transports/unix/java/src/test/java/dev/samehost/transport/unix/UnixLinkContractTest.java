package dev.samehost.transport.unix;

import dev.samehost.transport.Address;
import dev.samehost.transport.testkit.DescriptorsContract;
import dev.samehost.transport.testkit.LinkContractTest;
import dev.samehost.transport.testkit.LinkEnds;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class UnixLinkContractTest extends LinkContractTest implements DescriptorsContract {
  @TempDir Path folder;

  @Override
  public LinkEnds open() throws Exception {
    return UnixFixture.open(
        new UnixTransport(), new Address("unix", folder.resolve("s").toString()));
  }
}
