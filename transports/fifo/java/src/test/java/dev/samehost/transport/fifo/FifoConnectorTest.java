package dev.samehost.transport.fifo;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Fifos;
import dev.samehost.transport.posix.SystemCalls;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The calling side, where there is no server, a dead one, or one that does not answer. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class FifoConnectorTest {
  private static final long LONG = Bytes.PATIENCE_NANOS;

  @TempDir Path folder;

  private FifoFixture place;

  @BeforeEach
  void choosePlace() {
    place = new FifoFixture(folder);
  }

  /** Connects on a thread of its own, to fail in the end. */
  private static FutureTask<LinkException> failing(Connector connector) {
    FutureTask<LinkException> failing =
        new FutureTask<>(
            () -> assertThrows(LinkException.class, () -> connector.connect(Long.MAX_VALUE / 2)));
    new Thread(failing).start();
    return failing;
  }

  @Test
  void a_missing_fifo_is_told_with_its_address() throws Exception {
    assertThat(place.connectFailure(LONG))
        .hasMessageThat()
        .isEqualTo(Fault.CONNECT_NO_SUCH_FIFO.text(place.address()));
    assertThat(place.names()).isEmpty();
  }

  @Test
  void a_dead_servers_fifo_is_told_as_such_and_nothing_is_left() throws Exception {
    place.make("calls");
    assertThat(place.connectFailure(LONG))
        .hasMessageThat()
        .isEqualTo(Fault.CONNECT_FIFO_UNREAD.text(place.address()));
    assertThat(place.names()).containsExactly("calls");
  }

  @Test
  void what_is_no_fifo_is_told_and_left_alone() throws Exception {
    Files.writeString(place.path(), "precious");
    String expected = Fault.CONNECT_NOT_A_FIFO.text(place.address(), place.path());
    assertThat(place.connectFailure(LONG)).hasMessageThat().isEqualTo(expected);
    assertThat(Files.readString(place.path())).isEqualTo("precious");
    Files.delete(place.path());
    Files.createSymbolicLink(place.path(), Path.of("elsewhere"));
    assertThat(place.connectFailure(LONG)).hasMessageThat().isEqualTo(expected);
  }

  @Test
  void a_server_that_does_not_answer_is_told_after_the_timeout_and_nothing_is_left()
      throws Exception {
    try (Fd server = place.idleServer()) {
      assertThat(place.connectFailure(250_000_000))
          .hasMessageThat()
          .isEqualTo(Fault.CONNECT_TIMEOUT.text(place.address(), "0.25"));
      assertThat(place.names()).containsExactly("calls");
      // What it was told begins on a line of its own.
      assertThat(FifoFixture.next(server))
          .matches("\nfifo1 \\.calls\\.[0-9a-f]{16}\\.up \\.calls\\.[0-9a-f]{16}\\.down\n");
    }
  }

  @Test
  void a_rendezvous_that_is_full_is_waited_for_until_the_timeout() throws Exception {
    try (Fd server = place.idleServer()) {
      while (Fifos.write(server, new byte[4096])) {
        Thread.onSpinWait();
      }
      assertThat(place.connectFailure(100_000_000))
          .hasMessageThat()
          .isEqualTo(Fault.CONNECT_TIMEOUT.text(place.address(), "0.1"));
      assertThat(place.names()).containsExactly("calls");
    }
  }

  @Test
  void a_server_that_dies_while_a_client_waits_is_told_at_once() throws Exception {
    Fd server = place.idleServer();
    FutureTask<LinkException> failing = failing(place.connector());
    // It has read the record, and dies.
    assertThat(FifoFixture.next(server)).startsWith("\nfifo1 ");
    server.close();
    assertThat(failing.get(60, TimeUnit.SECONDS))
        .hasMessageThat()
        .isEqualTo(Fault.CONNECT_FIFO_UNREAD.text(place.address()));
    assertThat(place.names()).containsExactly("calls");
  }

  @Test
  void a_client_without_an_answer_tries_again_with_new_names() throws Exception {
    try (Fd server = place.idleServer();
        Connector connector = place.connector()) {
      FutureTask<LinkException> failing = failing(connector);
      String first = FifoFixture.next(server);
      String second = FifoFixture.next(server);
      assertThat(first).startsWith("\nfifo1 ");
      assertThat(second).startsWith("\nfifo1 ");
      assertThat(first).isNotEqualTo(second);
      connector.close();
      assertThat(failing.get(60, TimeUnit.SECONDS).fault()).isEqualTo(Fault.CHANNEL_SHUTDOWN);
    }
    assertThat(place.names()).containsExactly("calls");
  }

  @Test
  void an_answer_that_is_none_is_shown() throws Exception {
    try (Fd server = place.idleServer()) {
      FutureTask<LinkException> failing = failing(place.connector());
      String record = FifoFixture.next(server).strip();
      String down = folder.resolve(record.substring(record.lastIndexOf(' ') + 1)).toString();
      try (Fd answering = Fifos.open(down, Fifos.WRITE)) {
        FifoFixture.write(answering, "who?");
      }
      assertThat(failing.get(60, TimeUnit.SECONDS))
          .hasMessageThat()
          .isEqualTo(Fault.PEER_NONSENSE.text(place.address(), "\"w\" (77)"));
    }
  }

  @Test
  void closing_ends_a_connect_in_progress_and_every_later_one() throws Exception {
    try (Fd server = place.idleServer()) {
      Connector connector = place.connector();
      FutureTask<LinkException> failing = failing(connector);
      assertThat(FifoFixture.next(server)).startsWith("\nfifo1 ");
      connector.close();
      connector.close();
      assertThat(failing.get(60, TimeUnit.SECONDS).fault()).isEqualTo(Fault.CHANNEL_SHUTDOWN);
      assertThat(assertThrows(LinkException.class, () -> connector.connect(LONG)).fault())
          .isEqualTo(Fault.CHANNEL_SHUTDOWN);
      assertThat(place.names()).containsExactly("calls");
    }
  }

  @Test
  void the_names_are_gone_as_soon_as_both_ends_are_open() throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = place.server(acceptor);
        Connector connector = place.connector()) {
      assertThat(listener.address()).isEqualTo(place.address().toString());
      connector.connect(LONG).close();
      assertThat(place.names()).containsExactly("calls");
      try (LinkEnds link = TransportContractTest.link(connector, acceptor)) {
        assertThat(place.names()).containsExactly("calls");
        long own = Integer.toUnsignedLong(SystemCalls.geteuid());
        assertThat(link.near().peer().userId().getAsLong()).isEqualTo(own);
        assertThat(link.far().peer().userId().getAsLong()).isEqualTo(own);
      }
    }
  }

  @Test
  void a_link_whose_peer_says_nothing_is_asleep() throws Exception {
    try (Listener listener = place.server(new RecordingAcceptor());
        Connector connector = place.connector();
        Link near = connector.connect(LONG)) {
      assertThat(listener.address()).isEqualTo(near.peer().address());
      // An end that nobody has opened, or a byte that was not taken, would end this at once.
      assertThat(near.await(Link.READ, 50_000_000)).isEqualTo(0);
    }
  }

  @Test
  void an_address_that_makes_no_sense_is_refused_by_both_sides() {
    for (String[] one :
        new String[][] {
          {"", "it has no path"},
          {"a\0b", "it has a NUL"},
          {"/tmp/", "its path has no file name"},
          {"/tmp/..", "its path has no file name"},
          {"/tmp/a\nb", "its file name has a line break"},
          {"/tmp/" + "x".repeat(201), "its file name has more than 200 bytes"},
        }) {
      Address address = new Address("fifo", one[0]);
      FifoTransport transport = new FifoTransport();
      for (LinkException refusal :
          new LinkException[] {
            assertThrows(
                LinkException.class, () -> transport.connector(address, TransportOptions.NONE)),
            assertThrows(
                LinkException.class, () -> transport.listener(address, TransportOptions.NONE)),
          }) {
        assertThat(refusal)
            .hasMessageThat()
            .isEqualTo(Fault.ADDRESS_MALFORMED.text(address, one[1]));
      }
    }
  }
}
