package dev.samehost.transport.fifo;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a record is, and how it is found among what was written to a rendezvous. */
final class NamesTest {
  private static ByteBuffer line(String text) {
    return ByteBuffer.wrap(text.getBytes(ISO_8859_1));
  }

  @Test
  void a_record_is_read_as_it_was_written_and_nothing_else_is() {
    Names names = Names.of("calls", 0xFEED);
    assertThat(names.up()).isEqualTo(".calls.000000000000feed.up");
    String record = new String(names.record(), UTF_8);
    assertThat(record)
        .isEqualTo("\nfifo1 .calls.000000000000feed.up .calls.000000000000feed.down\n");
    assertThat(Names.read("calls", line(record.strip())).orElseThrow()).isEqualTo(names);
    for (String wrong :
        new String[] {
          "",
          "fifo1",
          "fifo1 ",
          "fifo2 .calls.000000000000feed.up .calls.000000000000feed.down",
          "fifo1 .calls.000000000000feed.up .calls.000000000000beef.down",
          "fifo1 .calls.000000000000feed.down .calls.000000000000feed.up",
          "fifo1 .calls.000000000000FEED.up .calls.000000000000FEED.down",
          "fifo1 .calls.000000000000feed.up .calls.000000000000feed.down ",
          "fifo1 .other.000000000000feed.up .other.000000000000feed.down",
          "fifo1 ../x.000000000000feed.up ../x.000000000000feed.down",
          "fifo1 /etc/passwd /etc/passwd",
          "fifo1 .calls.+00000000000feed.up .calls.+00000000000feed.down",
          "fifo1 .calls.00000000000é .calls.00000000000é",
          "fifo1 \u00FF",
        }) {
      assertWithMessage(wrong).that(Names.read("calls", line(wrong)).isEmpty()).isTrue();
    }
  }

  @Test
  void the_longest_record_is_one_that_every_system_takes_whole() {
    assertThat(Names.of("x".repeat(Place.NAME_LIMIT), -1).record().length)
        .isAtMost(Names.RECORD_LIMIT);
    Names spaced = Names.of("my [calls] \\E", 1);
    String record = new String(spaced.record(), UTF_8);
    assertThat(Names.read("my [calls] \\E", line(record.strip())).orElseThrow()).isEqualTo(spaced);
  }

  @Test
  void lines_are_found_however_they_are_cut_and_garbage_spoils_none_behind_it() {
    byte[] all = ("garbage\none\n\ntwo\n" + "x".repeat(2000) + "\nthree\n").getBytes(UTF_8);
    for (int size : new int[] {1, 7, 511, 512, 513, 4096}) {
      Lines lines = new Lines();
      List<String> whole = new ArrayList<>();
      int tooLong = 0;
      for (int at = 0; at < all.length; at += size) {
        lines.add(ByteBuffer.wrap(all, at, Math.min(size, all.length - at)));
        for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
          if (line.whole()) {
            whole.add(UTF_8.decode(line.bytes()).toString());
          } else {
            tooLong++;
          }
        }
      }
      assertThat(whole).containsExactly("garbage", "one", "two", "three").inOrder();
      assertThat(tooLong).isEqualTo(1);
    }
  }
}
