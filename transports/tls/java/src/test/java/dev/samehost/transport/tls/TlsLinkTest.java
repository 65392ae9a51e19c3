package dev.samehost.transport.tls;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.LinkEnds;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What TLS over a link adds to the contract of links: records that go and come in part. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class TlsLinkTest {
  private final LinkEnds raw = TlsFixture.local(65_536);
  private SlowLink slow;

  private LinkEnds open(int most) throws Exception {
    slow = new SlowLink(raw.near(), most);
    return TlsFixture.over(new LinkEnds(slow, new SlowLink(raw.far(), most)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1_000})
  void records_pass_a_link_that_takes_and_gives_little_at_a_time(int most) throws Exception {
    try (LinkEnds link = open(most)) {
      for (int size : new int[] {1, 2, 1_000, Math.min(40_000, 2_000 * most)}) {
        byte[] sent = Bytes.random(size, size);
        FutureTask<byte[]> reader = new FutureTask<>(() -> Bytes.read(link.far(), size));
        new Thread(reader).start();
        Bytes.write(link.near(), sent);
        assertThat(Arrays.equals(reader.get(60, TimeUnit.SECONDS), sent)).isTrue();
      }
    }
  }

  @Test
  void the_medium_is_the_version_that_is_spoken() throws Exception {
    try (LinkEnds link = open(1_000)) {
      assertThat(link.near().medium()).isEqualTo("TLS 1.3");
      assertThat(link.far().medium()).isEqualTo("TLS 1.3");
    }
  }

  @Test
  void all_but_the_last_byte_of_a_record_in_part_counts_as_taken_and_that_byte_is_passed_over()
      throws Exception {
    try (LinkEnds link = open(50)) {
      byte[] text = Bytes.random(100, 1);
      ByteBuffer source = ByteBuffer.wrap(text);
      assertThat(link.near().write(source)).isEqualTo(99);
      slow.isClogged = true;
      assertThat(link.near().write(source)).isEqualTo(0);
      assertThat(link.far().read(ByteBuffer.allocate(1))).isEqualTo(0);
      slow.isClogged = false;
      // Even where it comes with others from elsewhere.
      ByteBuffer rest = ByteBuffer.allocateDirect(3).put(text[99]).put((byte) 1).put((byte) 2);
      rest.flip();
      while (rest.hasRemaining()) {
        link.near().write(rest);
      }
      byte[] arrived = Bytes.read(link.far(), 102);
      assertThat(Arrays.copyOf(arrived, 100)).isEqualTo(text);
      assertThat(Arrays.copyOfRange(arrived, 100, 102)).isEqualTo(new byte[] {1, 2});
      assertThat(link.far().read(ByteBuffer.allocate(1))).isEqualTo(0);
    }
  }

  @Test
  void a_record_of_one_byte_that_goes_in_part_takes_nothing() throws Exception {
    try (LinkEnds link = open(10)) {
      ByteBuffer one = ByteBuffer.wrap(new byte[] {42});
      assertThat(link.near().write(one)).isEqualTo(0);
      Bytes.write(link.near(), new byte[] {42});
      assertThat(Bytes.read(link.far(), 1)).isEqualTo(new byte[] {42});
      assertThat(link.far().read(ByteBuffer.allocate(1))).isEqualTo(0);
    }
  }

  @Test
  void who_only_waits_for_bytes_sends_the_rest_of_a_record() throws Exception {
    try (LinkEnds link = open(50)) {
      assertThat(link.near().write(ByteBuffer.wrap(Bytes.random(100, 2)))).isEqualTo(99);
      for (int i = 0; i < 10; i++) {
        assertThat(link.near().await(Link.READ, 1_000_000)).isEqualTo(0);
      }
      assertThat(Bytes.read(link.far(), 100)).isEqualTo(Bytes.random(100, 2));
    }
  }

  @Test
  void keys_change_and_who_only_reads_answers_that() throws Exception {
    // Twice as much as one key is used for.
    int much = 2 * TlsFixture.KEY_BYTES;
    try (LinkEnds link = open(1 << 20)) {
      byte[] sent = Bytes.random(much, 3);
      FutureTask<byte[]> reader = new FutureTask<>(() -> Bytes.read(link.far(), much));
      new Thread(reader).start();
      Bytes.write(link.near(), sent);
      assertThat(Arrays.equals(reader.get(60, TimeUnit.SECONDS), sent)).isTrue();
      // The answer, a record without text, is there to be read.
      assertThat(raw.near().await(Link.READ, Bytes.PATIENCE_NANOS)).isEqualTo(Link.READ);
      assertThat(link.near().read(ByteBuffer.allocate(1))).isEqualTo(0);
      Bytes.write(link.far(), Bytes.random(100, 4));
      assertThat(Bytes.read(link.near(), 100)).isEqualTo(Bytes.random(100, 4));
    }
  }

  @Test
  void a_record_that_was_forged_fails_every_read_from_there_on_and_is_told_to_the_peer()
      throws Exception {
    try (LinkEnds link = open(1 << 20)) {
      Bytes.write(link.near(), new byte[10]);
      Bytes.write(raw.near(), new byte[] {23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
      Bytes.write(raw.near(), new byte[100]);
      assertThat(Bytes.read(link.far(), 10)).isEqualTo(new byte[10]);
      for (int i = 0; i < 3; i++) {
        assertThat(link.far().await(Link.READ, Link.FOREVER)).isEqualTo(Link.READ);
        LinkException failure =
            assertThrows(LinkException.class, () -> link.far().read(ByteBuffer.allocate(1)));
        assertThat(failure.fault()).isEqualTo(Fault.TLS_FAILED);
      }
      LinkException told = assertThrows(LinkException.class, () -> Bytes.readToEnd(link.near()));
      assertThat(told.fault()).isEqualTo(Fault.TLS_REFUSED);
    }
  }

  @Test
  void bytes_before_a_forged_record_are_read_though_they_come_with_it() throws Exception {
    try (LinkEnds link = open(1 << 20)) {
      Bytes.write(link.near(), new byte[10]);
      Bytes.write(raw.near(), new byte[] {99, 3, 3, 0, 1, 1});
      ByteBuffer destination = ByteBuffer.allocate(100);
      assertThat(link.far().read(destination)).isEqualTo(10);
      assertThrows(LinkException.class, () -> link.far().read(destination));
    }
  }

  @Test
  void an_end_without_a_word_is_an_end() throws Exception {
    try (LinkEnds link = open(1 << 20)) {
      Bytes.write(link.near(), Bytes.random(10, 5));
      raw.near().close();
      assertThat(Bytes.readToEnd(link.far())).isEqualTo(Bytes.random(10, 5));
      assertThat(link.far().read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  @Test
  void a_close_says_so_inside_tls() throws Exception {
    try (LinkEnds link = open(1 << 20)) {
      link.near().close();
      ByteBuffer record = ByteBuffer.allocate(100);
      assertThat(raw.far().read(record)).isGreaterThan(5);
      assertThat(raw.far().read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  @Test
  void a_peer_is_known_by_its_session() throws Exception {
    try (LinkEnds link = open(1 << 20)) {
      assertThat(link.near().peer().tls().orElseThrow().getProtocol()).isEqualTo("TLSv1.3");
      assertThat(link.near().peer().address()).isEqualTo(raw.near().peer().address());
    }
  }
}
