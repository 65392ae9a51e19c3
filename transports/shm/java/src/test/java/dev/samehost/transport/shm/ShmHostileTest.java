package dev.samehost.transport.shm;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Peers that lie, die and sleep. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class ShmHostileTest {
  private static final int RING_BYTES = 64 << 10;

  @TempDir Path folder;

  private final RecordingAcceptor acceptor = new RecordingAcceptor();
  private Address address;
  private Listener listener;
  private Connector connector;

  @BeforeEach
  void start() throws Exception {
    address = new Address("shm", folder.resolve("s").toString());
    listener = new ShmTransport().listener(address, ShmFixture.STRICT);
    connector = new ShmTransport().connector(address, ShmFixture.STRICT);
    listener.start(acceptor);
  }

  @AfterEach
  void stop() {
    listener.close();
    connector.close();
  }

  private LinkEnds ends() throws Exception {
    return TransportContractTest.link(connector, acceptor);
  }

  private static void assertAlive(LinkEnds link) throws LinkException {
    Bytes.write(link.near(), new byte[] {1});
    assertThat(Bytes.read(link.far(), 1)).isEqualTo(new byte[] {1});
  }

  @Test
  void a_peer_that_lies_about_what_it_wrote_loses_its_connection_and_no_other() throws Exception {
    try (LinkEnds bystander = ends()) {
      for (long lie : new long[] {0, 5, 6 + RING_BYTES + 1, -1}) {
        try (RawClient raw = RawClient.taken(address);
            Link link = raw.accepted(acceptor)) {
          raw.region().setTail(Side.CONNECTOR, lie);
          assertThat(link.await(Link.READ, Bytes.PATIENCE_NANOS)).isEqualTo(Link.READ);
          for (int i = 0; i < 3; i++) {
            LinkException fault =
                assertThrows(LinkException.class, () -> link.read(ByteBuffer.allocate(10)));
            assertThat(fault.fault()).isEqualTo(Fault.MALFORMED);
          }
        }
      }
      assertAlive(bystander);
    }
  }

  @Test
  void a_peer_that_lies_about_what_it_read_loses_its_connection() throws Exception {
    for (long lie : new long[] {RING_BYTES + 1, -1}) {
      try (RawClient raw = RawClient.taken(address);
          Link link = raw.accepted(acceptor)) {
        assertThat(Bytes.clog(link)).isEqualTo(RING_BYTES);
        raw.region().setHead(Side.ACCEPTOR, lie);
        assertThat(link.await(Link.WRITE, Bytes.PATIENCE_NANOS)).isEqualTo(Link.WRITE);
        LinkException fault =
            assertThrows(LinkException.class, () -> link.write(ByteBuffer.allocate(1)));
        assertThat(fault.fault()).isEqualTo(Fault.MALFORMED);
      }
    }
  }

  @Test
  void a_peer_that_overwrites_the_positions_of_the_other_side_keeps_nobody_busy() throws Exception {
    Link link;
    try (RawClient raw = RawClient.taken(address)) {
      link = raw.accepted(acceptor);
      assertThat(Bytes.clog(link)).isEqualTo(RING_BYTES);
      raw.region().setHead(Side.CONNECTOR, 5);
      raw.region().setTail(Side.ACCEPTOR, 5);
      assertThat(link.await(Link.READ | Link.WRITE, TimeUnit.MILLISECONDS.toNanos(50)))
          .isEqualTo(0);
    }
    try (link) {
      // It is gone, and that is seen.
      assertThat(Bytes.readToEnd(link)).isEmpty();
    }
  }

  @Test
  void a_peer_that_writes_anything_anywhere_harms_only_its_own_connection() throws Exception {
    SplittableRandom random = new SplittableRandom(1);
    try (LinkEnds bystander = ends()) {
      for (int i = 0; i < 200; i++) {
        try (RawClient raw = RawClient.taken(address);
            Link link = raw.accepted(acceptor)) {
          for (int step = 0; step < 20; step++) {
            scribble(raw.region(), random);
            useWhateverComes(link);
          }
        }
      }
      assertAlive(bystander);
    }
  }

  private static void scribble(Region region, SplittableRandom random) {
    Side side = random.nextBoolean() ? Side.CONNECTOR : Side.ACCEPTOR;
    long position = random.nextBoolean() ? random.nextLong() : random.nextLong(200_000);
    if (random.nextBoolean()) {
      region.setTail(side, position);
    } else {
      region.setHead(side, position);
    }
    region.setBits(side, random.nextInt());
    region.clearBits(side, random.nextInt());
  }

  private static void useWhateverComes(Link link) {
    try {
      link.read(ByteBuffer.allocate(100_000));
      link.write(ByteBuffer.allocate(1_000));
    } catch (LinkException e) {
      // Its own connection is what it may lose.
      assertThat(e.fault()).isAnyOf(Fault.MALFORMED, Fault.LINK_FAILED);
    }
  }

  @Test
  void a_peer_that_dies_with_half_a_record_written_leaves_what_it_had_published() throws Exception {
    Link link;
    try (RawClient raw = RawClient.taken(address)) {
      link = raw.accepted(acceptor);
      byte[] bytes = "published, and half a rec".getBytes(ISO_8859_1);
      raw.region().copyIn(Side.CONNECTOR, 6, ByteBuffer.wrap(bytes), 0, bytes.length);
      raw.region().setTail(Side.CONNECTOR, 6 + 9);
    }
    try (link) {
      assertThat(new String(Bytes.readToEnd(link), ISO_8859_1)).isEqualTo("published");
      LinkException fault =
          assertThrows(LinkException.class, () -> link.write(ByteBuffer.allocate(1)));
      assertThat(fault.fault()).isEqualTo(Fault.LINK_FAILED);
    }
  }

  @Test
  void a_reader_that_sleeps_is_woken_and_finds_a_full_ring() throws Exception {
    try (LinkEnds link = ends()) {
      for (int i = 0; i < 20; i++) {
        FutureTask<Integer> sleeper = new FutureTask<>(() -> awaitBytes(link.far()));
        new Thread(sleeper).start();
        assertThat(Bytes.clog(link.near())).isEqualTo(RING_BYTES);
        assertThat(sleeper.get(60, TimeUnit.SECONDS)).isEqualTo(Link.READ);
        Bytes.read(link.far(), RING_BYTES);
        assertThat(link.far().read(ByteBuffer.allocate(1))).isEqualTo(0);
      }
    }
  }

  /** An await may end sooner than needed, by a bell that was rung for what was read already. */
  private static int awaitBytes(Link link) throws LinkException {
    int ready = 0;
    while (ready == 0) {
      ready = link.await(Link.READ, Bytes.PATIENCE_NANOS);
    }
    return ready;
  }

  @Test
  void both_rings_full_at_once_are_emptied_by_two_who_sleep() throws Exception {
    try (LinkEnds link = ends()) {
      for (int i = 0; i < 20; i++) {
        assertThat(Bytes.clog(link.near())).isEqualTo(RING_BYTES);
        assertThat(Bytes.clog(link.far())).isEqualTo(RING_BYTES);
        FutureTask<Void> far = new FutureTask<>(() -> writeAndReadAsMuchAgain(link.far()), null);
        new Thread(far).start();
        writeAndReadAsMuchAgain(link.near());
        assertThat(far.get(60, TimeUnit.SECONDS)).isNull();
      }
    }
  }

  /** Each has room only when the other one reads. */
  private static void writeAndReadAsMuchAgain(Link link) {
    ByteBuffer source = ByteBuffer.allocate(RING_BYTES);
    int unread = 2 * RING_BYTES;
    try {
      while (source.hasRemaining() || unread > 0) {
        int interest = (source.hasRemaining() ? Link.WRITE : 0) | (unread > 0 ? Link.READ : 0);
        int ready = link.await(interest, Bytes.PATIENCE_NANOS);
        if ((ready & Link.WRITE) != 0) {
          link.write(source);
        }
        if ((ready & Link.READ) != 0) {
          unread -= link.read(ByteBuffer.allocate(999));
        }
      }
    } catch (LinkException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void a_thousand_connections_that_break_off_anywhere_leave_no_descriptor_mapping_or_file()
      throws Exception {
    ends().close();
    int descriptors = Descriptors.count();
    long files = files();
    for (int i = 0; i < 1000; i++) {
      switch (i % 3) {
        case 0 -> RawClient.offer(address).close();
        case 1 -> RawClient.taken(address).close();
        default -> {
          try (RawClient raw = RawClient.taken(address);
              Link link = raw.accepted(acceptor)) {
            Bytes.clog(link);
          }
        }
      }
    }
    Descriptors.awaitAtMost(descriptors);
    assertThat(files()).isEqualTo(files);
    awaitNoRegion();
  }

  /** Whoever ends a connection at the other side frees its memory after its descriptors. */
  private static void awaitNoRegion() throws Exception {
    long start = System.nanoTime();
    while (Files.readString(Path.of("/proc/self/maps")).contains("memfd:samehost")) {
      assertThat(System.nanoTime() - start).isLessThan(Bytes.PATIENCE_NANOS);
      Thread.sleep(5);
    }
  }

  private long files() throws Exception {
    try (var list = Files.list(folder)) {
      return list.count();
    }
  }
}
