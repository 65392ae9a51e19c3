package dev.samehost.transport.testkit;

import dev.samehost.transport.Address;
import java.util.concurrent.atomic.AtomicInteger;

final class PairTransportContractTest extends TransportContractTest {
  private static final AtomicInteger NAMES = new AtomicInteger();

  @Override
  protected Address newAddress() {
    return new Address("test-pair", "contract-" + NAMES.incrementAndGet());
  }

  @Override
  protected Address malformedAddress() {
    return new Address("test-pair", "");
  }

  @Override
  protected int judgedBytes() {
    return 0;
  }
}
