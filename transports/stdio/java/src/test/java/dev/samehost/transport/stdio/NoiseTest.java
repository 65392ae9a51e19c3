package dev.samehost.transport.stdio;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

final class NoiseTest {
  private static String show(String text, long total) {
    return Noise.show(ByteBuffer.wrap(text.getBytes(UTF_8)), total);
  }

  @Test
  void shows_the_beginning_of_what_was_printed_on_one_line() {
    assertThat(show("", 0)).isEqualTo("nothing");
    assertThat(show("Starting...\n", 12)).isEqualTo("\"Starting...\"");
    assertThat(show("one\ntwo\u0007", 8)).isEqualTo("\"one two\"");
    assertThat(show("y\ny\n", 65_537)).isEqualTo("\"y y ...\"");
    assertThat(show("x".repeat(300), 300)).isEqualTo("\"" + "x".repeat(200) + " ...\"");
    assertThat(show("\n", 1)).isEqualTo("\"\"");
  }

  @Test
  void counts_letters_and_not_halves_of_them() {
    assertThat(show("\ud83d\ude00".repeat(201), 804))
        .isEqualTo("\"" + "\ud83d\ude00".repeat(200) + " ...\"");
  }
}
