package dev.samehost.transport.testkit;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** The promises of a link whose peer is a process of its own, which can be killed. */
public interface KilledPeerContract {
  /** A link to another process, and that process's death by SIGKILL. */
  record Mortal(Link link, Runnable kill) {}

  /** A link to a new process that writes {@code "alive"} and then does nothing. */
  Mortal openToProcess() throws Exception;

  @Test
  default void a_killed_peer_looks_like_one_that_has_ended() throws Exception {
    Mortal peer = openToProcess();
    try (Link link = peer.link()) {
      assertThat(new String(Bytes.read(link, 5), StandardCharsets.US_ASCII)).isEqualTo("alive");
      peer.kill().run();
      assertThat(link.await(Link.READ, Bytes.PATIENCE_NANOS)).isEqualTo(Link.READ);
      assertThat(link.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      assertThat(link.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      // A process that dies closes its descriptors one by one: the other pipe may break a bit
      // later.
      assertThrows(LinkException.class, () -> Bytes.writeUntilItFails(link));
    }
  }

  @Test
  default void what_a_killed_peer_has_written_is_read_before_its_end() throws Exception {
    Mortal peer = openToProcess();
    try (Link link = peer.link()) {
      assertThat(link.await(Link.READ, Bytes.PATIENCE_NANOS)).isEqualTo(Link.READ);
      peer.kill().run();
      awaitDeath(link);
      assertThat(new String(Bytes.readToEnd(link), StandardCharsets.US_ASCII)).isEqualTo("alive");
    }
  }

  @Test
  default void a_peer_that_is_killed_while_it_is_clogged_ends_the_wait_for_room() throws Exception {
    Mortal peer = openToProcess();
    try (Link link = peer.link()) {
      Bytes.read(link, 5);
      Bytes.clog(link);
      peer.kill().run();
      assertThat(link.await(Link.WRITE, Bytes.PATIENCE_NANOS)).isEqualTo(Link.WRITE);
      assertThrows(LinkException.class, () -> link.write(ByteBuffer.allocate(1)));
    }
  }

  private static void awaitDeath(Link link) {
    OptionalLong process = link.peer().processId();
    if (process.isPresent()) {
      ProcessHandle.of(process.getAsLong()).ifPresent(peer -> peer.onExit().join());
    } else {
      assertThrows(LinkException.class, () -> Bytes.writeUntilItFails(link));
    }
  }
}
