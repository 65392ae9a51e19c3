package dev.samehost.transport.unix;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.SystemCalls;
import dev.samehost.transport.reception.SocketListener;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who is accepted, who is turned away, and what both get. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class JudgeTest {
  @TempDir Path folder;

  private final RecordingAcceptor acceptor = new RecordingAcceptor();
  private Listener listener;
  private Connector connector;

  private void start(TransportOptions options) throws LinkException {
    Address address = new Address("unix", folder.resolve("s").toString());
    listener = new UnixTransport().listener(address, options);
    connector = new UnixTransport().connector(address, options);
    listener.start(acceptor);
  }

  @AfterEach
  void close() {
    listener.close();
    connector.close();
  }

  private Link connect() throws LinkException {
    return connector.connect(Bytes.PATIENCE_NANOS);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  private void assertSaysFarewell(Link link) throws LinkException {
    assertThat(new String(Bytes.readToEnd(link), ISO_8859_1)).isEqualTo(RecordingAcceptor.FAREWELL);
  }

  @Test
  void both_ends_know_each_other_by_the_word_of_the_system() throws Exception {
    start(TransportOptions.NONE);
    try (LinkEnds link = TransportContractTest.link(connector, acceptor)) {
      for (Link end : List.of(link.near(), link.far())) {
        assertThat(end.peer().processId().getAsLong()).isEqualTo(ProcessHandle.current().pid());
        assertThat(end.peer().userId().getAsLong())
            .isEqualTo(Integer.toUnsignedLong(SystemCalls.geteuid()));
        assertThat(end.peer().groupId()).isPresent();
      }
    }
  }

  @Test
  void a_greeting_may_come_byte_by_byte() throws Exception {
    start(TransportOptions.NONE);
    try (Link link = connect()) {
      for (byte value : bytes(RecordingAcceptor.GREETING)) {
        Bytes.write(link, new byte[] {value});
      }
      try (Link accepted = acceptor.nextAccepted()) {
        assertThat(new String(Bytes.read(accepted, 6), ISO_8859_1))
            .isEqualTo(RecordingAcceptor.GREETING);
      }
    }
  }

  @Test
  void what_was_said_is_heard_though_the_end_came_with_it() throws Exception {
    start(TransportOptions.NONE);
    for (int round = 0; round < 20; round++) {
      String all = RecordingAcceptor.GREETING + "and more";
      try (Link link = connect()) {
        Bytes.write(link, bytes(all));
      }
      try (Link accepted = acceptor.nextAccepted()) {
        assertThat(new String(Bytes.readToEnd(accepted), ISO_8859_1)).isEqualTo(all);
      }
    }
  }

  @Test
  void wrong_first_bytes_get_a_farewell_and_are_shown() throws Exception {
    start(TransportOptions.NONE);
    try (Link link = connect()) {
      Bytes.write(link, bytes("220 mail\r\n"));
      assertSaysFarewell(link);
    }
    assertThat(acceptor.nextRefused())
        .hasMessageThat()
        .contains("its first bytes are \"220 mail\" (32 32 30 20 6D 61 69 6C).");
  }

  @Test
  void one_who_is_turned_away_can_still_write_and_read_why() throws Exception {
    start(TransportOptions.NONE);
    try (Link link = connect()) {
      Bytes.write(link, bytes("x"));
      assertThat(link.await(Link.READ, Bytes.PATIENCE_NANOS)).isEqualTo(Link.READ);
      Bytes.write(link, new byte[1000]);
      assertSaysFarewell(link);
    }
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_NONSENSE);
  }

  @Test
  void one_who_is_turned_away_and_stays_is_hung_up_on() throws Exception {
    start(TransportOptions.NONE);
    try (Link link = connect()) {
      Bytes.write(link, bytes("x"));
      assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_NONSENSE);
      assertSaysFarewell(link);
    }
  }

  @Test
  void silence_and_half_a_greeting_end_with_the_timeout() throws Exception {
    start(TransportOptions.NONE.with(UnixOptions.HELLO_TIMEOUT, Duration.ofSeconds(1)));
    assertThat(connector.helloTimeoutNanos()).isEqualTo(1_000_000_000);
    try (Link silent = connect()) {
      assertSaysFarewell(silent);
    }
    assertThat(acceptor.nextRefused())
        .hasMessageThat()
        .contains("the peer said no HELLO within 1 s.");
    try (Link slow = connect()) {
      Bytes.write(slow, bytes("hel"));
      assertSaysFarewell(slow);
    }
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_NONSENSE);
  }

  @Test
  void one_who_leaves_early_is_reported_and_leaves_nothing() throws Exception {
    start(TransportOptions.NONE);
    connect().close();
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_GONE_BEFORE_HELLO);
    int before = Descriptors.count();
    for (int i = 0; i < 100; i++) {
      try (Link link = connect()) {
        Bytes.write(link, bytes("hello\n".substring(0, i % 6)));
      }
    }
    for (int i = 0; i < 100; i++) {
      acceptor.nextRefused();
    }
    Descriptors.awaitAtMost(before);
  }

  @Test
  void another_user_is_turned_away_with_both_users_named() throws Exception {
    Address address = new Address("unix", folder.resolve("s").toString());
    SocketName name = SocketName.ofPath(address);
    AllowedUsers others = new AllowedUsers(false, Set.of(12_345L));
    listener =
        new SocketListener(
            new SocketFile(name, others, TransportOptions.NONE), Duration.ofSeconds(5));
    connector = new UnixTransport().connector(address, TransportOptions.NONE);
    listener.start(acceptor);
    try (Link link = connect()) {
      assertSaysFarewell(link);
    }
    assertThat(acceptor.nextRefused())
        .hasMessageThat()
        .isEqualTo(
            Fault.USER_REFUSED.text(
                address,
                ProcessHandle.current().pid(),
                Integer.toUnsignedLong(SystemCalls.geteuid()),
                "12345"));
    assertThat(acceptor.isEmpty()).isTrue();
  }

  @Test
  void one_silent_connection_holds_up_no_other() throws Exception {
    start(TransportOptions.NONE);
    List<Link> silent = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      silent.add(connect());
    }
    TransportContractTest.link(connector, acceptor).close();
    silent.forEach(Link::close);
  }

  @Test
  void a_close_of_the_listener_ends_those_who_were_not_accepted_without_a_word() throws Exception {
    start(TransportOptions.NONE);
    try (Link silent = connect();
        LinkEnds accepted = TransportContractTest.link(connector, acceptor)) {
      listener.close();
      assertThat(Bytes.readToEnd(silent)).isEmpty();
      Bytes.write(accepted.near(), new byte[10]);
      assertThat(Bytes.read(accepted.far(), 10)).hasLength(10);
    }
    assertThat(acceptor.isEmpty()).isTrue();
  }
}
