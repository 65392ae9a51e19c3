package dev.samehost.transport.shm;

import dev.samehost.transport.Address;
import dev.samehost.transport.testkit.TransportContractTest;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;

final class ShmTransportContractTest extends TransportContractTest {
  @TempDir Path folder;

  private final AtomicInteger names = new AtomicInteger();

  @Override
  protected Address newAddress() {
    return new Address("shm", folder.resolve("s" + names.incrementAndGet()).toString());
  }

  @Override
  protected Address malformedAddress() {
    return new Address("shm", "");
  }
}
