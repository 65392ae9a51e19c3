package dev.samehost.transport.unix;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a connector says of a socket that it cannot connect to. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class UnixConnectorTest {
  @TempDir Path folder;

  private Address address() {
    return new Address("unix", folder.resolve("s").toString());
  }

  private Connector connector() throws LinkException {
    return new UnixTransport().connector(address(), TransportOptions.NONE);
  }

  private ServerSocketChannel foreignListener(int backlog) throws Exception {
    ServerSocketChannel foreign = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    return foreign.bind(UnixDomainSocketAddress.of(folder.resolve("s")), backlog);
  }

  private LinkException failure(long timeoutNanos) throws LinkException {
    try (Connector connector = connector()) {
      return assertThrows(LinkException.class, () -> connector.connect(timeoutNanos));
    }
  }

  @Test
  void no_file_asks_whether_the_server_runs() throws Exception {
    assertThat(failure(Bytes.PATIENCE_NANOS))
        .hasMessageThat()
        .isEqualTo(Fault.CONNECT_NO_SUCH_FILE.text(address()));
  }

  @Test
  void a_file_that_a_dead_server_left_is_told_from_no_file() throws Exception {
    foreignListener(1).close();
    assertThat(failure(Bytes.PATIENCE_NANOS))
        .hasMessageThat()
        .isEqualTo(Fault.CONNECT_REFUSED.text(address()));
  }

  @Test
  void a_folder_that_is_a_file_is_told_with_its_error() throws Exception {
    Address address = new Address("unix", "/dev/null/s");
    try (Connector connector = new UnixTransport().connector(address, TransportOptions.NONE)) {
      LinkException failure =
          assertThrows(LinkException.class, () -> connector.connect(Bytes.PATIENCE_NANOS));
      assertThat(failure)
          .hasMessageThat()
          .isEqualTo("connecting to unix:/dev/null/s: connect failed: Not a directory (ENOTDIR).");
    }
  }

  /** Fills the queue of a listener that accepts nobody. */
  private List<Link> fillQueue(Connector connector) {
    List<Link> links = new ArrayList<>();
    while (true) {
      try {
        links.add(connector.connect(1_000_000));
      } catch (LinkException e) {
        assertThat(e.fault()).isEqualTo(Fault.CONNECT_TIMEOUT);
        return links;
      }
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX) // others refuse when a queue is full
  void a_server_that_does_not_accept_is_waited_for_as_long_as_was_asked() throws Exception {
    try (ServerSocketChannel foreign = foreignListener(1);
        Connector connector = connector()) {
      List<Link> links = fillQueue(connector);
      int before = Descriptors.count();
      LinkException failure = failure(150_000_000);
      assertThat(failure).hasMessageThat().isEqualTo(Fault.CONNECT_TIMEOUT.text(address(), "0.15"));
      Descriptors.awaitAtMost(before);
      FutureTask<Link> waiter = new FutureTask<>(() -> connector.connect(Bytes.PATIENCE_NANOS));
      new Thread(waiter).start();
      foreign.accept().close();
      waiter.get(60, TimeUnit.SECONDS).close();
      links.forEach(Link::close);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void a_close_ends_a_connect_in_progress() throws Exception {
    try (ServerSocketChannel foreign = foreignListener(1);
        Connector connector = connector()) {
      List<Link> links = fillQueue(connector);
      assertThat(foreign.isOpen()).isTrue();
      FutureTask<LinkException> waiter =
          new FutureTask<>(
              () -> assertThrows(LinkException.class, () -> connector.connect(Long.MAX_VALUE / 2)));
      new Thread(waiter).start();
      connector.close();
      assertThat(waiter.get(60, TimeUnit.SECONDS).fault()).isEqualTo(Fault.CHANNEL_SHUTDOWN);
      links.forEach(Link::close);
    }
  }

  @Test
  void a_file_that_is_no_socket_is_told_from_a_dead_servers() throws Exception {
    String path = folder.resolve("s").toString();
    Files.createFile(folder.resolve("s"));
    assertThat(failure(Bytes.PATIENCE_NANOS))
        .hasMessageThat()
        .isEqualTo(Fault.CONNECT_NOT_A_SOCKET.text(address(), path));
    Files.delete(folder.resolve("s"));
    Files.createDirectory(folder.resolve("s"));
    assertThat(failure(Bytes.PATIENCE_NANOS).fault()).isEqualTo(Fault.CONNECT_NOT_A_SOCKET);
    Files.delete(folder.resolve("s"));
    foreignListener(1).close();
    Files.move(folder.resolve("s"), folder.resolve("dead"));
    Files.createSymbolicLink(folder.resolve("s"), folder.resolve("dead"));
    assertThat(failure(Bytes.PATIENCE_NANOS).fault()).isEqualTo(Fault.CONNECT_REFUSED);
  }
}
