package dev.samehost.transport.fifo;

import dev.samehost.transport.Link;
import dev.samehost.transport.Listener;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.KilledPeerContract;
import dev.samehost.transport.testkit.RecordingAcceptor;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

final class FifoKilledPeerTest implements KilledPeerContract {
  @TempDir Path folder;

  private Process process;

  @Override
  public Mortal openToProcess() throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = new FifoFixture(folder).server(acceptor)) {
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  PeerProgram.class.getName(),
                  listener.address())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      Link link = acceptor.nextAccepted();
      Bytes.read(link, RecordingAcceptor.GREETING.length());
      return new Mortal(link, process::destroyForcibly);
    }
  }

  @AfterEach
  void killProcess() {
    process.destroyForcibly();
  }
}
