package dev.samehost.transport.tcp;

import dev.samehost.transport.Address;
import dev.samehost.transport.Link;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.KilledPeerContract;
import dev.samehost.transport.testkit.RecordingAcceptor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

class TcpKilledPeerTest implements KilledPeerContract {
  private Process process;

  /** What the listener is to know. */
  TransportOptions options() {
    return TransportOptions.NONE;
  }

  /** What the process is to be told besides the address. */
  List<String> words() throws Exception {
    return List.of();
  }

  @Override
  public Mortal openToProcess() throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener =
        new TcpTransport().listener(Address.parse("tcp:127.0.0.1:0"), options())) {
      listener.start(acceptor);
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.add("-XX:TieredStopAtLevel=1");
      command.add("-cp");
      command.add(System.getProperty("java.class.path"));
      command.add(PeerProgram.class.getName());
      command.add(listener.address());
      command.addAll(words());
      process =
          new ProcessBuilder(command)
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
