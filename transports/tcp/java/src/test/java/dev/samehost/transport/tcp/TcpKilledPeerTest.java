package dev.samehost.transport.tcp;

import dev.samehost.transport.Address;
import dev.samehost.transport.Link;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.KilledPeerContract;
import dev.samehost.transport.testkit.RecordingAcceptor;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;

final class TcpKilledPeerTest implements KilledPeerContract {
  private Process process;

  @Override
  public Mortal openToProcess() throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener =
        new TcpTransport().listener(Address.parse("tcp:127.0.0.1:0"), TransportOptions.NONE)) {
      listener.start(acceptor);
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
