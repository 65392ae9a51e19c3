package dev.samehost.transport.fifo;

import dev.samehost.transport.Address;
import dev.samehost.transport.testkit.TransportContractTest;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;

final class FifoTransportContractTest extends TransportContractTest {
  @TempDir Path folder;

  private final AtomicInteger names = new AtomicInteger();

  @Override
  protected Address newAddress() {
    return new Address("fifo", folder.resolve("my calls " + names.incrementAndGet()).toString());
  }

  @Override
  protected Address malformedAddress() {
    return new Address("fifo", "");
  }
}
