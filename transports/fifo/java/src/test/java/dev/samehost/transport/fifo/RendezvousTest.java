package dev.samehost.transport.fifo;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Fifos;
import dev.samehost.transport.posix.Inode;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.RecordingAcceptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Taking a rendezvous, and giving it up. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class RendezvousTest {
  @TempDir Path folder;

  private FifoFixture place;

  @BeforeEach
  void choosePlace() {
    place = new FifoFixture(folder);
  }

  private Listener started() throws LinkException {
    return place.server(new RecordingAcceptor());
  }

  private LinkException refusal() {
    return assertThrows(LinkException.class, () -> started().close());
  }

  private void connect() throws LinkException {
    try (Connector connector = place.connector()) {
      connector.connect(Bytes.PATIENCE_NANOS).close();
    }
  }

  private String mode() throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(place.path()));
  }

  @Test
  void the_rendezvous_is_the_users_own_and_goes_with_its_listener() throws Exception {
    Listener listener = started();
    assertThat(Inode.at(place.path().toString()).isOwnFifo()).isTrue();
    assertThat(mode()).isEqualTo("rw-------");
    listener.close();
    listener.close();
    assertThat(place.names()).isEmpty();
  }

  @Test
  void a_stale_rendezvous_is_taken_over_whatever_its_mode() throws Exception {
    place.make("calls");
    Files.setPosixFilePermissions(place.path(), PosixFilePermissions.fromString("rw-rw-rw-"));
    Inode stale = Inode.at(place.path().toString());
    try (Listener listener = started()) {
      assertThat(listener.address()).isEqualTo(place.address().toString());
      assertThat(stale.isSameFile(Inode.at(place.path().toString()))).isTrue();
      assertThat(mode()).isEqualTo("rw-------");
      connect();
    }
  }

  @Test
  void a_live_rendezvous_is_refused_and_goes_on_living() throws Exception {
    try (Listener listener = started()) {
      Inode live = Inode.at(place.path().toString());
      assertThat(refusal())
          .hasMessageThat()
          .isEqualTo(Fault.LISTEN_IN_USE.text(listener.address()));
      assertThat(live.isSameFile(Inode.at(place.path().toString()))).isTrue();
      connect();
    }
  }

  @Test
  void what_is_no_fifo_is_refused_and_left_alone() throws Exception {
    Files.writeString(place.path(), "precious");
    String expected = Fault.LISTEN_NOT_A_FIFO.text(place.address(), place.path());
    assertThat(refusal()).hasMessageThat().isEqualTo(expected);
    assertThat(Files.readString(place.path())).isEqualTo("precious");
    Files.delete(place.path());
    Files.createSymbolicLink(place.path(), Path.of("elsewhere"));
    assertThat(refusal()).hasMessageThat().isEqualTo(expected);
    assertThat(place.names()).containsExactly("calls");
  }

  @Test
  void a_missing_folder_is_named() {
    place = new FifoFixture(folder.resolve("missing"));
    assertThat(refusal())
        .hasMessageThat()
        .isEqualTo(Fault.LISTEN_NO_FOLDER.text(place.address(), place.folder()));
  }

  @Test
  void closing_removes_no_fifo_but_its_own() throws Exception {
    Listener listener = started();
    Files.delete(place.path());
    place.make("calls");
    listener.close();
    assertThat(place.names()).containsExactly("calls");
  }

  /** Null when the rendezvous is in use. */
  private Listener startedOrNot(CyclicBarrier together) throws Exception {
    together.await();
    try {
      return started();
    } catch (LinkException e) {
      assertThat(e.fault()).isEqualTo(Fault.LISTEN_IN_USE);
      return null;
    }
  }

  @Test
  void one_of_many_who_start_at_once_wins() throws Exception {
    place.make("calls");
    for (int round = 0; round < 20; round++) {
      CyclicBarrier together = new CyclicBarrier(6);
      List<FutureTask<Listener>> all = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        FutureTask<Listener> one = new FutureTask<>(() -> startedOrNot(together));
        all.add(one);
        new Thread(one).start();
      }
      List<Listener> winners = new ArrayList<>();
      for (FutureTask<Listener> one : all) {
        Listener listener = one.get(60, TimeUnit.SECONDS);
        if (listener != null) {
          winners.add(listener);
        }
      }
      assertThat(winners).hasSize(1);
      connect();
      winners.get(0).close();
      assertThat(place.names()).isEmpty();
    }
  }

  @Test
  void a_client_that_waits_is_served_by_the_next_server() throws Exception {
    // Its writing end keeps what it has written, though nobody reads it yet.
    try (Fd held = place.idleServer();
        Connector connector = place.connector()) {
      FutureTask<Link> connecting = new FutureTask<>(() -> connector.connect(Bytes.PATIENCE_NANOS));
      new Thread(connecting).start();
      while (place.names().size() < 3) {
        Thread.sleep(1);
      }
      try (Listener listener = started()) {
        held.close();
        Link link = connecting.get(60, TimeUnit.SECONDS);
        assertThat(link.peer().address()).isEqualTo(listener.address());
        link.close();
      }
    }
  }

  @Test
  void old_names_that_nobody_needs_are_removed_at_the_start_and_all_others_are_left()
      throws Exception {
    Names stale = place.pair(1).names();
    FifoFixture.ByHand waiting = place.pair(2);
    Names fresh = place.pair(3).names();
    List<String> old = new ArrayList<>(List.of(stale.up(), stale.down()));
    old.addAll(List.of(waiting.names().up(), waiting.names().down()));
    for (String other :
        List.of(".calls.1.up", ".other.0000000000000001.up", "calls.0000000000000001.up")) {
      place.make(other);
      old.add(other);
    }
    Files.writeString(folder.resolve(".calls.0000000000000004.up"), "no FIFO");
    old.add(".calls.0000000000000004.up");
    FileTime hourAgo = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
    for (String name : old) {
      Path path = folder.resolve(name);
      // The JDK opens what it sets the time of, and would wait for somebody who writes.
      try (Fd open = Fifos.open(path.toString(), Fifos.BOTH)) {
        assertThat(open.number()).isAtLeast(0);
        Files.setLastModifiedTime(path, hourAgo);
      }
    }
    List<String> expected = new ArrayList<>(place.names());
    expected.removeAll(List.of(stale.up(), stale.down()));
    expected.add("calls");
    try (Fd reader = waiting.openDown();
        Listener listener = started()) {
      assertThat(reader.number()).isAtLeast(0);
      assertThat(listener.address()).isNotEmpty();
      assertThat(place.names()).containsExactlyElementsIn(expected);
      assertThat(place.names()).contains(fresh.up());
    }
  }

  @Test
  void a_rendezvous_is_free_again_as_soon_as_its_listener_is_closed() throws Exception {
    for (int i = 0; i < 50; i++) {
      started().close();
      assertThat(place.connectFailure(Bytes.PATIENCE_NANOS).fault())
          .isEqualTo(Fault.CONNECT_NO_SUCH_FIFO);
    }
  }
}
