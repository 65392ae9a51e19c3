package dev.samehost.transport.shm;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.transport.Address;
import dev.samehost.transport.Link;
import dev.samehost.transport.Listener;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.KilledPeerContract;
import dev.samehost.transport.testkit.RecordingAcceptor;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

final class ShmKilledPeerTest implements KilledPeerContract {
  @TempDir Path folder;

  private Process process;

  @Override
  public Mortal openToProcess() throws Exception {
    String path = folder.resolve("s").toString();
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener =
        new ShmTransport().listener(new Address("shm", path), ShmFixture.STRICT)) {
      listener.start(acceptor);
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  PeerProgram.class.getName(),
                  path)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      Link link = acceptor.nextAccepted();
      assertThat(link.peer().processId().getAsLong()).isEqualTo(process.pid());
      assertThat(link.medium()).contains("shared memory");
      Bytes.read(link, RecordingAcceptor.GREETING.length());
      return new Mortal(link, process::destroyForcibly);
    }
  }

  @AfterEach
  void killProcess() {
    process.destroyForcibly();
  }
}
