package dev.samehost.transport.tcp;

import dev.samehost.transport.Address;
import dev.samehost.transport.testkit.TransportContractTest;

final class TcpTransportContractTest extends TransportContractTest {
  @Override
  protected Address newAddress() throws Exception {
    return new Address("tcp", "127.0.0.1:" + TcpFixture.closedPort());
  }

  @Override
  protected Address malformedAddress() {
    return new Address("tcp", "localhost");
  }
}
