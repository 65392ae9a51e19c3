package dev.samehost.transport.unix;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.Shortage;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Accepting in a process that has no descriptors left. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@EnabledOnOs(OS.LINUX)
final class NoDescriptorsTest {
  @TempDir Path folder;

  private void greet(SocketChannel client) throws IOException {
    client.connect(UnixDomainSocketAddress.of(folder.resolve("s")));
    client.write(StandardCharsets.US_ASCII.encode(RecordingAcceptor.GREETING));
  }

  @Test
  void a_server_without_descriptors_says_so_and_accepts_again_once_it_has_some() throws Exception {
    Address address = new Address("unix", folder.resolve("s").toString());
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = new UnixTransport().listener(address, TransportOptions.NONE);
        SocketChannel usual = SocketChannel.open(StandardProtocolFamily.UNIX);
        SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
        SocketChannel last = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.start(acceptor);
      // What is loaded from files is loaded now.
      greet(usual);
      acceptor.nextAccepted().close();
      SystemCallException none = new SystemCallException("accept", Errno.EMFILE.number());
      LinkException fault = none.fault(Fault.LISTEN_FAILED, address);
      new Shortage(0).close();
      try (Shortage shortage = new Shortage(0)) {
        greet(client);
        assertThat(acceptor.nextRefused()).hasMessageThat().isEqualTo(fault.getMessage());
        // With one left it is accepted, and there is none for the link that it shall become.
        shortage.free(1);
        LinkException one = acceptor.nextRefused();
        while (one.getMessage().contains("accept failed")) {
          one = acceptor.nextRefused();
        }
        assertThat(one.fault()).isEqualTo(Fault.NO_DESCRIPTORS);
        assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      }
      greet(last);
      acceptor.nextAccepted().close();
    }
  }
}
