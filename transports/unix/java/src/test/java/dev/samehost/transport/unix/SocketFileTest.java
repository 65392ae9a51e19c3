package dev.samehost.transport.unix;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.RecordingAcceptor;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a listener does with the path of its socket, and with what it finds there. */
final class SocketFileTest {
  @TempDir Path folder;

  private Path path() {
    return folder.resolve("app.sock");
  }

  private Address address() {
    return new Address("unix", path().toString());
  }

  private Listener started(TransportOptions options) throws LinkException {
    Listener listener = new UnixTransport().listener(address(), options);
    listener.start(new RecordingAcceptor());
    return listener;
  }

  private LinkException refusal() {
    return assertThrows(LinkException.class, () -> started(TransportOptions.NONE).close());
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private ServerSocketChannel foreignListener() throws IOException {
    ServerSocketChannel foreign = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    return foreign.bind(UnixDomainSocketAddress.of(path()));
  }

  @Test
  void the_socket_is_its_owners_alone_and_only_the_lock_file_stays() throws Exception {
    try (Listener listener = started(TransportOptions.NONE)) {
      assertThat(listener.address()).isEqualTo(address().toString());
      assertThat(files()).containsExactly("app.sock", "app.sock.lock");
      for (String file : files()) {
        assertThat(
                PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file))))
            .isEqualTo("rw-------");
      }
    }
    assertThat(files()).containsExactly("app.sock.lock");
  }

  @Test
  void the_socket_is_open_to_all_when_others_may_connect() throws Exception {
    for (TransportOptions options :
        List.of(
            TransportOptions.NONE.with(UnixOptions.ANY_USER, true),
            TransportOptions.NONE.with(UnixOptions.ALLOWED_USERS, Set.of(12_345L)))) {
      try (Listener listener = started(options)) {
        assertThat(listener).isNotNull();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path())))
            .isEqualTo("rw-rw-rw-");
      }
    }
  }

  @Test
  void a_path_that_a_dead_server_left_is_taken_over() throws Exception {
    foreignListener().close();
    assertThat(files()).containsExactly("app.sock");
    started(TransportOptions.NONE).close();
    assertThat(files()).containsExactly("app.sock.lock");
  }

  @Test
  void a_live_server_that_knows_no_lock_file_is_left_alone() throws Exception {
    try (ServerSocketChannel foreign = foreignListener()) {
      assertThat(refusal().fault()).isEqualTo(Fault.LISTEN_IN_USE);
      assertThat(foreign.isOpen()).isTrue();
      assertThat(files()).containsExactly("app.sock", "app.sock.lock");
    }
  }

  @Test
  void what_is_no_socket_is_left_alone() throws Exception {
    Files.writeString(path(), "precious");
    LinkException refusal = refusal();
    assertThat(refusal.fault()).isEqualTo(Fault.LISTEN_NOT_A_SOCKET);
    assertThat(refusal).hasMessageThat().contains(path() + " exists and is no socket");
    assertThat(Files.readString(path())).isEqualTo("precious");
    Files.delete(path());
    Files.createSymbolicLink(path(), folder.resolve("elsewhere"));
    assertThat(refusal().fault()).isEqualTo(Fault.LISTEN_NOT_A_SOCKET);
    assertThat(Files.isSymbolicLink(path())).isTrue();
  }

  @Test
  void a_path_that_somebody_else_has_taken_meanwhile_is_not_removed() throws Exception {
    Listener listener = started(TransportOptions.NONE);
    Files.delete(path());
    try (ServerSocketChannel foreign = foreignListener()) {
      listener.close();
      assertThat(foreign.isOpen()).isTrue();
      assertThat(files()).contains("app.sock");
    }
  }

  @Test
  void a_folder_that_is_not_there_is_named_and_nothing_is_made() throws Exception {
    Address address = new Address("unix", folder.resolve("none/app.sock").toString());
    LinkException refusal =
        assertThrows(
            LinkException.class,
            () ->
                new UnixTransport()
                    .listener(address, TransportOptions.NONE)
                    .start(new RecordingAcceptor()));
    assertThat(refusal.fault()).isEqualTo(Fault.LISTEN_NO_FOLDER);
    assertThat(refusal).hasMessageThat().contains("there is no folder " + folder.resolve("none"));
    assertThat(files()).isEmpty();
  }

  @Test
  void a_path_may_have_107_bytes_and_no_more() throws Exception {
    String longest = longPath(SocketName.LIMIT);
    try (Listener listener =
        new UnixTransport().listener(new Address("unix", longest), TransportOptions.NONE)) {
      listener.start(new RecordingAcceptor());
      assertThat(Files.exists(Path.of(longest))).isTrue();
    }
    Address tooLong = new Address("unix", longPath(SocketName.LIMIT + 1));
    LinkException refusal =
        assertThrows(
            LinkException.class,
            () -> new UnixTransport().connector(tooLong, TransportOptions.NONE));
    assertThat(refusal.fault()).isEqualTo(Fault.PATH_TOO_LONG);
    assertThat(refusal)
        .hasMessageThat()
        .contains("has " + (SocketName.LIMIT + 1) + " bytes, and the system takes at most");
  }

  @Test
  void bytes_are_counted_and_not_characters() {
    Address address = new Address("unix", "/tmp/" + "世".repeat(40));
    LinkException refusal =
        assertThrows(
            LinkException.class,
            () -> new UnixTransport().connector(address, TransportOptions.NONE));
    assertThat(refusal).hasMessageThat().contains("has 125 bytes");
  }

  /** A path in the test's folder, whose last folder leaves hardly any room for a name. */
  private String longPath(int bytes) throws IOException {
    String start = folder.toString() + "/";
    Path deep = Path.of(start + "d".repeat(SocketName.LIMIT - 3 - start.length()));
    Files.createDirectories(deep);
    return deep + "/" + "s".repeat(bytes - deep.toString().length() - 1);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void a_folder_in_which_nothing_can_be_made_is_not_said_to_be_missing() {
    Address address = new Address("unix", "/proc/samehost.sock");
    Listener listener =
        assertDoesNotThrow(() -> new UnixTransport().listener(address, TransportOptions.NONE));
    LinkException failure =
        assertThrows(LinkException.class, () -> listener.start(new RecordingAcceptor()));
    assertThat(failure.fault()).isEqualTo(Fault.LISTEN_FAILED);
    assertThat(failure).hasMessageThat().contains("(ENOENT)");
  }

  @Test
  void a_link_in_place_of_the_lock_file_has_nothing_made_elsewhere() throws Exception {
    Path elsewhere = folder.resolve("elsewhere");
    Files.createSymbolicLink(folder.resolve("app.sock.lock"), elsewhere);
    assertThat(refusal().fault()).isEqualTo(Fault.LISTEN_FAILED);
    assertThat(Files.exists(elsewhere)).isFalse();
  }
}
