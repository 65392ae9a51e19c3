package dev.samehost.transport.unix;

import dev.samehost.transport.Address;
import dev.samehost.transport.testkit.TransportContractTest;
import java.util.UUID;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
final class UnixAbstractTransportContractTest extends TransportContractTest {
  @Override
  protected Address newAddress() {
    return new Address("unix-abstract", "samehost-test-" + UUID.randomUUID());
  }

  @Override
  protected Address malformedAddress() {
    return new Address("unix-abstract", "");
  }
}
