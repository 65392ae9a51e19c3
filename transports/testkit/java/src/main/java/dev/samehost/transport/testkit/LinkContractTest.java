package dev.samehost.transport.testkit;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The contract of {@link Link}, as far as one thread can show it: every test runs on either end. A
 * transport joins by extending this, {@link LinkThreadsContractTest} too, and saying how to open a
 * link.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
public abstract class LinkContractTest {
  /** Which end a test is about; the other one helps. */
  public enum End {
    CONNECTOR,
    ACCEPTOR
  }

  /** Longer than Linux delays the acknowledgement of what has come over TCP. */
  private static final long ACKNOWLEDGED_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  private LinkEnds opened;

  /** A new link: {@code near} is the end of who connected, {@code far} that of who accepted. */
  protected abstract LinkEnds open() throws Exception;

  /**
   * How many bytes that a write has taken, though not all that it was given, may wait for the next
   * one: those of a record, where bytes travel in records.
   */
  protected int bytesThatWait() {
    return 0;
  }

  @BeforeEach
  final void openLink() throws Exception {
    opened = open();
  }

  @AfterEach
  final void closeLink() {
    opened.close();
  }

  private LinkEnds of(End end) {
    return end == End.CONNECTOR ? opened : opened.swapped();
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void read_answers_0_when_nothing_is_there(End end) throws LinkException {
    ByteBuffer destination = ByteBuffer.allocate(10);
    assertThat(of(end).near().read(destination)).isEqualTo(0);
    assertThat(destination.position()).isEqualTo(0);
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void bytes_arrive_one_at_a_time(End end) throws LinkException {
    LinkEnds link = of(end);
    for (byte value : Bytes.random(2_000, 1)) {
      Bytes.write(link.near(), new byte[] {value});
      assertThat(Bytes.read(link.far(), 1)[0]).isEqualTo(value);
    }
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void bytes_arrive_whole_and_in_order_whatever_the_sizes(End end) throws LinkException {
    LinkEnds link = of(end);
    byte[] sent = Bytes.random(1 << 20, 2);
    byte[] arrived = new byte[sent.length];
    ByteBuffer source = ByteBuffer.wrap(sent);
    ByteBuffer destination = ByteBuffer.wrap(arrived);
    SplittableRandom sizes = new SplittableRandom(3);
    while (destination.hasRemaining()) {
      if (source.hasRemaining()) {
        int size = sizes.nextInt(1, 1 << sizes.nextInt(1, 18));
        link.near().write(source.limit(Math.min(sent.length, source.position() + size)));
        source.limit(sent.length);
      }
      int size = sizes.nextInt(1, 1 << sizes.nextInt(1, 18));
      destination.limit(Math.min(sent.length, destination.position() + size));
      assertThat(link.far().read(destination)).isAtLeast(0);
      destination.limit(sent.length);
    }
    assertThat(Arrays.equals(arrived, sent)).isTrue();
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void buffers_are_used_between_position_and_limit_on_and_off_the_heap(End end)
      throws LinkException {
    byte[] bytes = Bytes.random(20, 4);
    ByteBuffer heap = ByteBuffer.wrap(bytes);
    ByteBuffer direct = ByteBuffer.allocateDirect(20).put(bytes);
    for (ByteBuffer source : List.of(heap, direct, heap.asReadOnlyBuffer())) {
      for (ByteBuffer destination :
          List.of(ByteBuffer.allocate(20), ByteBuffer.allocateDirect(20))) {
        ByteBuffer slice = source.limit(18).position(3).slice().position(2);
        assertThat(of(end).near().write(slice)).isEqualTo(13);
        assertThat(slice.position()).isEqualTo(15);
        destination.position(4).limit(17);
        while (destination.hasRemaining()) {
          of(end).far().read(destination);
        }
        byte[] around = new byte[20];
        System.arraycopy(bytes, 5, around, 4, 13);
        assertThat(destination.clear()).isEqualTo(ByteBuffer.wrap(around));
        source.clear();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void a_closed_end_lets_the_other_read_everything_and_then_the_end_for_good(End end)
      throws LinkException {
    LinkEnds link = of(end);
    byte[] sent = Bytes.random(10_000, 5);
    Bytes.write(link.near(), sent);
    link.near().close();
    assertThat(Bytes.readToEnd(link.far())).isEqualTo(sent);
    for (int i = 0; i < 3; i++) {
      assertThat(link.far().await(Link.READ, Bytes.PATIENCE_NANOS)).isEqualTo(Link.READ);
      assertThat(link.far().read(ByteBuffer.allocate(10))).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void a_closed_end_that_left_bytes_unread_looks_like_any_other(End end) throws LinkException {
    LinkEnds link = of(end);
    Bytes.write(link.far(), Bytes.random(1_000, 6));
    Bytes.write(link.near(), Bytes.random(1_000, 7));
    link.near().close();
    assertThat(Bytes.readToEnd(link.far())).isEqualTo(Bytes.random(1_000, 7));
    assertThat(link.far().read(ByteBuffer.allocate(10))).isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void writing_to_one_who_no_longer_reads_fails_and_kills_nobody(End end) throws Exception {
    LinkEnds link = of(end);
    link.near().close();
    // The end of a connection through a network shows by what comes back to what was written.
    assertThrows(LinkException.class, () -> Bytes.writeUntilItFails(link.far()));
    for (int i = 0; i < 3; i++) {
      assertThat(link.far().await(Link.WRITE, Bytes.PATIENCE_NANOS)).isEqualTo(Link.WRITE);
      LinkException failure =
          assertThrows(LinkException.class, () -> link.far().write(ByteBuffer.allocate(10)));
      assertThat(failure.fault()).isEqualTo(Fault.LINK_FAILED);
      assertThat(failure).hasMessageThat().contains(link.far().peer().address());
    }
  }

  /**
   * As {@link Bytes#clog}, until the system has acknowledged all that it holds, and has no room.
   */
  private static int clogForGood(Link link) throws LinkException {
    int count = 0;
    for (int taken = Bytes.clog(link); taken > 0; taken = Bytes.clog(link)) {
      count += taken;
      int ignored = link.await(Link.WRITE, ACKNOWLEDGED_NANOS);
    }
    return count;
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void write_takes_nothing_when_the_reader_is_clogged_and_goes_on_when_it_reads(End end)
      throws LinkException {
    LinkEnds link = of(end);
    int taken = clogForGood(link.near());
    assertThat(taken).isGreaterThan(0);
    ByteBuffer more = ByteBuffer.allocate(10);
    assertThat(link.near().write(more)).isEqualTo(0);
    assertThat(more.position()).isEqualTo(0);
    assertThat(link.near().await(Link.WRITE, 1_000_000)).isEqualTo(0);
    int there = taken - bytesThatWait();
    assertThat(Bytes.read(link.far(), there)).isEqualTo(new byte[there]);
    assertThat(link.near().await(Link.WRITE, Bytes.PATIENCE_NANOS)).isEqualTo(Link.WRITE);
    int count = link.near().write(more);
    assertThat(count).isGreaterThan(0);
    assertThat(Bytes.read(link.far(), taken - there + count))
        .isEqualTo(new byte[taken - there + count]);
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void a_clogged_direction_does_not_hold_up_the_other(End end) throws LinkException {
    LinkEnds link = of(end);
    Bytes.clog(link.near());
    Bytes.write(link.far(), Bytes.random(100, 8));
    assertThat(Bytes.read(link.near(), 100)).isEqualTo(Bytes.random(100, 8));
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void a_clogged_writer_learns_that_its_reader_has_gone(End end) throws LinkException {
    LinkEnds link = of(end);
    Bytes.clog(link.near());
    link.far().close();
    assertThat(link.near().await(Link.WRITE, Bytes.PATIENCE_NANOS)).isEqualTo(Link.WRITE);
    assertThrows(LinkException.class, () -> link.near().write(ByteBuffer.allocate(10)));
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void await_answers_what_is_ready_of_what_was_wanted(End end) throws LinkException {
    LinkEnds link = of(end);
    assertThat(link.near().await(Link.READ, 0)).isEqualTo(0);
    assertThat(link.near().await(Link.WRITE, Bytes.PATIENCE_NANOS)).isEqualTo(Link.WRITE);
    assertThat(link.near().await(Link.READ | Link.WRITE, Link.FOREVER)).isEqualTo(Link.WRITE);
    Bytes.write(link.far(), new byte[1]);
    assertThat(link.near().await(Link.READ, Link.FOREVER)).isEqualTo(Link.READ);
    assertThat(link.near().await(Link.READ | Link.WRITE, Link.FOREVER))
        .isEqualTo(Link.READ | Link.WRITE);
    assertThat(link.near().await(Link.WRITE, Link.FOREVER)).isEqualTo(Link.WRITE);
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void what_an_await_has_found_is_read_whole(End end) throws LinkException {
    LinkEnds link = of(end);
    for (int size : new int[] {1, 1_000, 1_023, 1_024, 1_025, 4_000}) {
      byte[] sent = Bytes.random(size, size);
      Bytes.write(link.far(), sent);
      assertThat(link.near().await(Link.READ, Link.FOREVER)).isEqualTo(Link.READ);
      assertThat(link.near().await(Link.READ, Link.FOREVER)).isEqualTo(Link.READ);
      assertThat(link.near().await(Link.READ | Link.WRITE, Link.FOREVER))
          .isEqualTo(Link.READ | Link.WRITE);
      assertThat(Bytes.read(link.near(), size)).isEqualTo(sent);
    }
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void an_end_that_an_await_has_found_is_told_by_the_next_reads(End end) throws LinkException {
    LinkEnds link = of(end);
    Bytes.write(link.far(), new byte[] {1});
    assertThat(Bytes.read(link.near(), 1)).isEqualTo(new byte[] {1});
    link.far().close();
    for (int i = 0; i < 3; i++) {
      assertThat(link.near().await(Link.READ, Link.FOREVER)).isEqualTo(Link.READ);
      assertThat(link.near().read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void await_ends_at_its_timeout(End end) throws LinkException {
    assertThat(of(end).near().await(Link.READ, 1)).isEqualTo(0);
    assertThat(of(end).near().await(Link.READ, 2_000_000)).isEqualTo(0);
    assertThat(of(end).near().await(Link.READ, 1_100_000_000)).isEqualTo(0);
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void a_wake_while_nobody_waits_ends_the_next_await_and_only_that(End end) throws LinkException {
    Link link = of(end).near();
    for (int wakes = 1; wakes <= 100_000; wakes *= 10) {
      for (int i = 0; i < wakes; i++) {
        link.wake();
      }
      assertThat(link.await(Link.READ, Link.FOREVER)).isEqualTo(0);
    }
    long start = System.nanoTime();
    while (System.nanoTime() - start < 20_000_000) {
      // Sooner is allowed, but not for ever: a wake that stuck would make a loop burn a processor.
      assertThat(link.await(Link.READ, 20_000_000)).isEqualTo(0);
    }
    assertThat(link.await(Link.READ, 0)).isEqualTo(0);
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void a_closed_end_refuses_everything_but_wake_and_close(End end) {
    Link link = of(end).near();
    link.close();
    link.close();
    link.wake();
    link.close();
    for (LinkException failure :
        new LinkException[] {
          assertThrows(LinkException.class, () -> link.read(ByteBuffer.allocate(1))),
          assertThrows(LinkException.class, () -> link.write(ByteBuffer.allocate(1))),
          assertThrows(LinkException.class, () -> link.await(Link.READ, Link.FOREVER)),
        }) {
      assertThat(failure.fault()).isEqualTo(Fault.LINK_CLOSED);
    }
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void knows_its_peer_before_and_after_the_end(End end) {
    Link link = of(end).near();
    assertThat(link.peer().address()).isNotEmpty();
    link.close();
    assertThat(link.peer().address()).isNotEmpty();
  }
}
