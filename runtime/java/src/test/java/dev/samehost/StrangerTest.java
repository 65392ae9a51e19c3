package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.grpc.Server;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who comes to a server by another protocol. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class StrangerTest {
  @TempDir private Path folder;

  @Test
  void oneWhoSpeaksAnotherProtocolIsHungUpOnWithoutBytesThatHeWouldNotUnderstand()
      throws Exception {
    Path path = folder.resolve("s");
    Server server = SamehostServerBuilder.forAddress("unix:" + path).build().start();
    try (SocketChannel stranger = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      stranger.write(ByteBuffer.wrap("220 mail ESMTP\r\n".getBytes(US_ASCII)));
      assertThat(stranger.read(ByteBuffer.allocate(100))).isEqualTo(-1);
    } finally {
      server.shutdownNow();
    }
  }
}
