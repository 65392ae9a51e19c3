package dev.samehost.transport.tcp;

import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Certificates;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

final class TlsKilledPeerTest extends TcpKilledPeerTest {
  @TempDir Path folder;

  @Override
  TransportOptions options() {
    return TcpFixture.Secret.SERVER;
  }

  @Override
  List<String> words() throws Exception {
    Path pem = folder.resolve("ca.pem");
    return List.of(Files.write(pem, Certificates.TRUSTED.pem()).toString());
  }
}
