package dev.samehost.transport.stdio;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class StderrTailTest {
  private final List<String> lines = new ArrayList<>();
  private final StderrTail tail = new StderrTail(lines::add);

  private void take(byte[] bytes) {
    tail.take(ByteBuffer.wrap(bytes));
  }

  @Test
  void cuts_lines_wherever_the_bytes_are_cut() {
    byte[] text = "one\r\n\ntwo\nthree".getBytes(UTF_8);
    for (int cut = 0; cut <= text.length; cut++) {
      lines.clear();
      take(Arrays.copyOf(text, cut));
      take(Arrays.copyOfRange(text, cut, text.length));
      assertThat(lines).containsExactly("one", "", "two").inOrder();
      tail.end();
      tail.end();
      assertThat(lines).containsExactly("one", "", "two", "three").inOrder();
    }
  }

  @Test
  void keeps_the_beginning_of_a_long_line_and_goes_on_after_it() {
    for (int i = 0; i < 100; i++) {
      take("x".repeat(1000).getBytes(UTF_8));
    }
    take("y\nnext\n".getBytes(UTF_8));
    assertThat(lines).containsExactly("x".repeat(StderrTail.LINE_BYTES), "next").inOrder();
  }

  @Test
  void cuts_a_long_line_between_characters_wherever_the_bytes_are_cut() {
    byte[] text = ("a".repeat(1023) + "äöü\nnext\n").getBytes(UTF_8);
    for (int cut = 1015; cut < text.length; cut++) {
      lines.clear();
      take(Arrays.copyOf(text, cut));
      take(Arrays.copyOfRange(text, cut, text.length));
      assertThat(lines).containsExactly("a".repeat(1023), "next").inOrder();
    }
  }

  @Test
  void takes_bytes_that_are_no_text() {
    take(new byte[] {(byte) 0xFF, '\n'});
    assertThat(lines).containsExactly("\uFFFD");
  }
}
