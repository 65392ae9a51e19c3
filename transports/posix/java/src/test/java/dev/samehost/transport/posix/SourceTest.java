package dev.samehost.transport.posix;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Looking at a pipe by reading it. */
final class SourceTest {
  private static final byte[] MANY = new byte[5_000];

  static {
    for (int i = 0; i < MANY.length; i++) {
      MANY[i] = (byte) (i % 251);
    }
  }

  @TempDir Path folder;

  private Fd.Pipe pipe;
  private Source source;

  @BeforeEach
  void openPipe() throws SystemCallException {
    pipe = Fd.pipe();
    pipe.source().setNonBlocking();
    source = new Source(pipe.source(), Access.NON_BLOCKING, ByteBuffer.allocate(0));
  }

  @AfterEach
  void closePipe() {
    pipe.close();
  }

  private void write(byte[] bytes) {
    ByteBuffer memory = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    long count = Libc.write(pipe.sink().number(), NativeMemory.address(memory), bytes.length);
    assertThat(count).isEqualTo(bytes.length);
  }

  private byte[] read(int room) throws SystemCallException {
    ByteBuffer destination = ByteBuffer.allocateDirect(room);
    int count = source.read(destination);
    assertThat(destination.position()).isEqualTo(count);
    byte[] bytes = new byte[count];
    destination.flip().get(bytes);
    return bytes;
  }

  @Test
  void a_rest_keeps_what_a_look_has_taken() throws Exception {
    write(new byte[] {1, 2, 3});
    assertThat(source.look()).isTrue();
    assertThat(read(1)).isEqualTo(new byte[] {1});
    source.rest();
    assertThat(read(10)).isEqualTo(new byte[] {2, 3});
    source.rest();
    write(new byte[] {4});
    assertThat(source.look()).isTrue();
    assertThat(read(10)).isEqualTo(new byte[] {4});
  }

  @Test
  void a_look_at_nothing_takes_nothing() throws Exception {
    assertThat(source.look()).isFalse();
    assertThat(source.isReady()).isFalse();
    assertThat(read(10)).isEmpty();
  }

  @Test
  void what_a_look_has_taken_is_read_first_in_whatever_pieces() throws Exception {
    write(Arrays.copyOf(MANY, 3));
    assertThat(source.look()).isTrue();
    write(new byte[] {9});
    assertThat(read(2)).isEqualTo(new byte[] {0, 1});
    assertThat(source.isReady()).isTrue();
    assertThat(read(10)).isEqualTo(new byte[] {2});
    assertThat(source.isReady()).isFalse();
    assertThat(read(10)).isEqualTo(new byte[] {9});
  }

  @Test
  void what_filled_a_look_is_read_on_to_where_it_belongs() throws Exception {
    write(MANY);
    assertThat(source.look()).isTrue();
    assertThat(read(2 * MANY.length)).isEqualTo(MANY);
    assertThat(read(1)).isEmpty();
  }

  @Test
  void what_just_filled_a_look_is_not_more_than_that() throws Exception {
    byte[] exactly = Arrays.copyOf(MANY, 1 << 10);
    write(exactly);
    assertThat(source.look()).isTrue();
    assertThat(read(MANY.length)).isEqualTo(exactly);
    assertThat(read(MANY.length)).isEmpty();
  }

  @Test
  void an_end_behind_what_filled_a_look_is_told_after_it() throws Exception {
    byte[] exactly = Arrays.copyOf(MANY, 1 << 10);
    write(exactly);
    pipe.sink().close();
    assertThat(source.look()).isTrue();
    assertThat(read(MANY.length)).isEqualTo(exactly);
    assertThat(source.read(ByteBuffer.allocate(1))).isEqualTo(-1);
  }

  @Test
  void an_end_that_a_look_found_is_told_by_all_reads() throws Exception {
    pipe.sink().close();
    assertThat(source.look()).isTrue();
    assertThat(source.isReady()).isTrue();
    assertThat(source.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    assertThat(source.read(ByteBuffer.allocateDirect(1))).isEqualTo(-1);
  }

  @Test
  void a_failure_that_a_look_found_is_told_by_all_reads() throws Exception {
    try (Fd directory = Fd.openSource(folder.toString())) {
      Source broken = new Source(directory, Access.NON_BLOCKING, ByteBuffer.allocate(0));
      assertThat(broken.look()).isTrue();
      assertThat(broken.isReady()).isTrue();
      for (int i = 0; i < 2; i++) {
        SystemCallException failure =
            assertThrows(
                SystemCallException.class, () -> broken.read(ByteBuffer.allocateDirect(1)));
        assertThat(failure.operation()).isEqualTo("read");
      }
    }
  }

  @Test
  void nobody_looks_before_the_peer_has_spoken() throws Exception {
    assertThat(source.canLook()).isFalse();
    write(new byte[] {1});
    assertThat(read(1)).hasLength(1);
    assertThat(source.canLook()).isTrue();
    ByteBuffer taken = ByteBuffer.allocate(1);
    assertThat(new Source(pipe.source(), Access.NON_BLOCKING, taken).canLook()).isTrue();
  }

  @Test
  void nobody_looks_at_what_is_shared_with_strangers() {
    ByteBuffer taken = ByteBuffer.allocate(1);
    assertThat(new Source(pipe.source(), Access.SHARED, taken).canLook()).isFalse();
  }
}
