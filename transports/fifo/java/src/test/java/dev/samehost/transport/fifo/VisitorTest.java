package dev.samehost.transport.fifo;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Fifos;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.posix.SystemCalls;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that lie, say nothing, or die at each step. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class VisitorTest {
  private static final String GREETING = RecordingAcceptor.GREETING;

  @TempDir Path folder;

  private final RecordingAcceptor acceptor = new RecordingAcceptor();
  private FifoFixture place;
  private Listener listener;

  @BeforeEach
  void start() throws LinkException {
    place = new FifoFixture(folder);
    listener = place.server(acceptor);
  }

  @AfterEach
  void close() {
    listener.close();
  }

  /** Connects, and so shows that the server harms nobody for what others did. */
  private void assertServes() throws Exception {
    try (Connector connector = place.connector()) {
      TransportContractTest.link(connector, acceptor).close();
    }
  }

  private Link connect() throws LinkException {
    try (Connector connector = place.connector()) {
      return connector.connect(Bytes.PATIENCE_NANOS);
    }
  }

  private void assertRefused(String reason) throws Exception {
    assertThat(acceptor.nextRefused())
        .hasMessageThat()
        .isEqualTo(Fault.CLIENT_REFUSED.text(place.address(), reason));
  }

  private void assertGone() throws Exception {
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_GONE_BEFORE_HELLO);
    place.awaitNames("calls");
  }

  private static void assertAnswered(Fd down) throws Exception {
    assertThat(FifoFixture.next(down)).isEqualTo(FifoFixture.ANSWER);
  }

  private static void assertSaysFarewell(Link link) throws Exception {
    assertThat(new String(Bytes.readToEnd(link), US_ASCII)).isEqualTo(RecordingAcceptor.FAREWELL);
  }

  @Test
  void the_steps_of_a_client_can_be_gone_by_hand() throws Exception {
    FifoFixture.ByHand client = place.pair(1);
    try (Fd down = client.openDown()) {
      client.handIn();
      assertAnswered(down);
      Link link;
      try (Fd up = client.openUp()) {
        FifoFixture.write(up, GREETING + "and more");
        link = acceptor.nextAccepted();
        // The client has not removed its names: the server has.
        place.awaitNames("calls");
      }
      assertThat(new String(Bytes.readToEnd(link), US_ASCII)).isEqualTo(GREETING + "and more");
      Bytes.write(link, "answer".getBytes(US_ASCII));
      assertThat(FifoFixture.next(down)).isEqualTo("answer");
      link.close();
      assertThat(FifoFixture.next(down)).isEmpty();
    }
  }

  @Test
  void a_client_that_was_killed_at_any_step_is_reported_and_leaves_no_name() throws Exception {
    int before = Descriptors.count();
    // After its record, before it was opened.
    place.pair(1).handIn();
    assertGone();
    // After the answer.
    FifoFixture.ByHand client = place.pair(2);
    Fd down = client.openDown();
    client.handIn();
    assertAnswered(down);
    down.close();
    assertGone();
    // With both ends open, before the names were removed, or anything was said.
    client = place.pair(3);
    down = client.openDown();
    client.handIn();
    assertAnswered(down);
    client.openUp().close();
    down.close();
    assertGone();
    // In the middle of its first bytes.
    client = place.pair(4);
    down = client.openDown();
    client.handIn();
    assertAnswered(down);
    try (Fd up = client.openUp()) {
      FifoFixture.write(up, "hel");
    }
    down.close();
    assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_NONSENSE);
    place.awaitNames("calls");
    Descriptors.awaitAtMost(before);
    assertServes();
  }

  @Test
  void a_client_that_hears_nothing_but_holds_its_other_end_has_gone() throws Exception {
    FifoFixture.ByHand client = place.pair(1);
    Fd down = client.openDown();
    client.handIn();
    assertAnswered(down);
    try (Fd up = client.openUp()) {
      assertThat(up.number()).isAtLeast(0);
      down.close();
      assertGone();
    }
  }

  @Test
  void lying_records_are_refused_and_harm_nobody_else() throws Exception {
    Path outside = folder.resolve("outside");
    Files.writeString(outside, "precious");
    String tooLong = "x".repeat(10_000);
    for (String lie :
        List.of(
            "garbage\n",
            "garbage",
            "\nfifo1 ../x.up ../x.down\n",
            "\nfifo1 " + outside + " " + outside + "\n",
            "\nfifo1 outside outside\n",
            "\nfifo1 calls calls\n",
            "\nfifo1 .calls.0000000000000001.up\n",
            "\nfifo1 .calls.0000000000000001.up .calls.0000000000000002.down\n",
            "\n" + tooLong + "\n",
            tooLong)) {
      place.handIn(lie);
      // One that is not ended shows with the next record.
      assertServes();
      LinkException refusal = acceptor.nextRefused();
      assertThat(refusal.fault()).isEqualTo(Fault.CLIENT_REFUSED);
      assertThat(refusal).hasMessageThat().contains("its record is malformed");
    }
    assertThat(Files.readString(outside)).isEqualTo("precious");
    assertThat(place.names()).containsExactly("calls", "outside");
  }

  @Test
  void names_of_what_is_no_fifo_are_refused_and_left_alone() throws Exception {
    Names names = Names.of("calls", 10);
    String record = new String(names.record(), US_ASCII);
    Path up = folder.resolve(names.up());
    Path down = folder.resolve(names.down());
    // A file.
    Files.writeString(up, "precious");
    place.make(names.down());
    place.handIn(record);
    assertRefused(names.up() + " is no FIFO of this user");
    assertThat(Files.readString(up)).isEqualTo("precious");
    // A symbolic link to a FIFO.
    Files.delete(up);
    Files.createSymbolicLink(up, Path.of("calls"));
    place.handIn(record);
    assertRefused(names.up() + " is no FIFO of this user");
    // Two names of one FIFO.
    Files.delete(up);
    Files.createLink(up, down);
    place.handIn(record);
    assertRefused(names.up() + " and " + names.down() + " are one FIFO");
    // Nothing at all.
    Files.delete(up);
    Files.delete(down);
    place.handIn(record);
    assertGone();
    assertServes();
  }

  @Test
  void fifos_of_another_user_are_refused_and_left_alone() throws Exception {
    if (SystemCalls.geteuid() != 0) {
      return; // only root can make what belongs to somebody else
    }
    FifoFixture.ByHand client = place.pair(1);
    Files.setAttribute(folder.resolve(client.names().down()), "unix:uid", 65_534);
    try (Fd down = client.openDown()) {
      assertThat(down.number()).isAtLeast(0);
      client.handIn();
      assertRefused(client.names().down() + " is no FIFO of this user");
    }
    assertThat(place.names()).hasSize(3);
    assertServes();
  }

  @Test
  void a_second_record_with_the_same_names_is_refused_and_the_first_goes_on() throws Exception {
    FifoFixture.ByHand client = place.pair(1);
    try (Fd down = client.openDown()) {
      client.handIn();
      client.handIn();
      assertRefused(client.names().up() + " is in use");
      assertAnswered(down);
      try (Fd up = client.openUp()) {
        FifoFixture.write(up, GREETING);
        acceptor.nextAccepted().close();
      }
    }
    place.awaitNames("calls");
  }

  @Test
  void a_client_that_says_nothing_is_turned_away_with_a_farewell() throws Exception {
    listener.close();
    listener = place.server(acceptor, Duration.ofSeconds(1)); // of which connecting takes a part
    try (Link near = connect()) {
      assertSaysFarewell(near);
    }
    assertThat(acceptor.nextRefused())
        .hasMessageThat()
        .isEqualTo(Fault.PEER_SILENT.text(place.address(), "1"));
  }

  @Test
  void a_stranger_is_turned_away_and_can_read_why() throws Exception {
    try (Link near = connect()) {
      Bytes.write(near, "220 mail.example".getBytes(US_ASCII));
      assertSaysFarewell(near);
    }
    assertThat(acceptor.nextRefused())
        .hasMessageThat()
        .isEqualTo(
            Fault.PEER_NONSENSE.text(place.address(), "\"220 mail\" (32 32 30 20 6D 61 69 6C)"));
  }

  @Test
  void who_is_turned_away_is_told_of_though_the_listener_closes_before_it_has_gone()
      throws Exception {
    try (Link near = connect()) {
      Bytes.write(near, "220 mail.example".getBytes(US_ASCII));
      assertSaysFarewell(near);
      listener.close();
      assertThat(acceptor.nextRefused()).hasMessageThat().contains("220 mail");
    }
  }

  @Test
  void silent_clients_hold_up_nobody_and_leave_nothing() throws Exception {
    int before = Descriptors.count();
    List<Link> silent = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      silent.add(connect());
    }
    assertServes();
    silent.forEach(Link::close);
    for (int i = 0; i < 50; i++) {
      assertThat(acceptor.nextRefused().fault()).isEqualTo(Fault.PEER_GONE_BEFORE_HELLO);
    }
    assertThat(place.names()).containsExactly("calls");
    Descriptors.awaitAtMost(before);
  }

  @Test
  void closing_the_listener_hangs_up_on_those_who_were_not_accepted_and_on_nobody_else()
      throws Exception {
    try (Connector connector = place.connector();
        LinkEnds accepted = TransportContractTest.link(connector, acceptor);
        Link silent = connect()) {
      listener.close();
      assertThat(Bytes.readToEnd(silent)).isEmpty();
      Bytes.write(accepted.near(), "and more".getBytes(US_ASCII));
      assertThat(new String(Bytes.read(accepted.far(), 8), US_ASCII)).isEqualTo("and more");
    }
    assertThat(place.names()).isEmpty();
  }

  @Test
  void one_who_floods_the_rendezvous_holds_up_no_other_client_and_no_close() throws Exception {
    AtomicBoolean enough = new AtomicBoolean();
    Thread flood =
        new Thread(
            () -> {
              try (Fd rendezvous = Fifos.open(place.path().toString(), Fifos.WRITE)) {
                byte[] noise = "?\n".repeat(200).getBytes(US_ASCII);
                while (!enough.get()) {
                  boolean ignored = Fifos.write(rendezvous, noise);
                }
              } catch (SystemCallException e) {
                enough.set(true); // nobody reads it any more
              }
            });
    flood.start();
    try {
      assertServes();
      listener.close();
      place.awaitNames();
    } finally {
      enough.set(true);
      flood.join();
    }
  }

  @Test
  void a_listener_that_fails_of_itself_says_so_and_takes_its_path_away() throws Exception {
    listener.close();
    Listener.Acceptor failing =
        new Listener.Acceptor() {
          @Override
          public Listener.FirstBytes judge(ByteBuffer bytes) {
            return acceptor.judge(bytes);
          }

          @Override
          public void accepted(Link link, ByteBuffer first) {
            throw new OutOfMemoryError("of the test");
          }

          @Override
          public void refused(LinkException why) {
            acceptor.refused(why);
          }

          @Override
          public ByteBuffer farewell(LinkException why) {
            return acceptor.farewell(why);
          }

          @Override
          public void ended(LinkException why) {
            acceptor.ended(why);
          }
        };
    listener = new FifoTransport().listener(place.address(), TransportOptions.NONE);
    listener.start(failing);
    try (Link link = connect()) {
      Bytes.write(link, GREETING.getBytes(US_ASCII));
      assertThat(acceptor.nextEnded()).hasMessageThat().contains("of the test");
      place.awaitNames();
    }
  }
}
