package dev.samehost;

import static com.google.common.truth.Truth.assertThat;

import io.grpc.Server;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server says of its port, by which a test finds the one that the system chose. */
final class PortTest {
  @Test
  void aServerOnTcpTellsThePortThatItGot() throws Exception {
    Server server = SamehostServerBuilder.forAddress("tcp:127.0.0.1:0").build().start();
    try {
      assertThat(server.getPort()).isGreaterThan(0);
      assertThat(server.getListenSockets().get(0).toString())
          .isEqualTo("tcp:127.0.0.1:" + server.getPort());
    } finally {
      server.shutdownNow().awaitTermination();
    }
  }

  @Test
  void aServerOnASocketHasNoPort(@TempDir Path folder) throws Exception {
    Server server = SamehostServerBuilder.forAddress("unix:" + folder.resolve("s")).build().start();
    try {
      assertThat(server.getPort()).isEqualTo(-1);
    } finally {
      server.shutdownNow().awaitTermination();
    }
  }
}
