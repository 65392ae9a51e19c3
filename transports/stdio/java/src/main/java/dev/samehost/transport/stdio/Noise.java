package dev.samehost.transport.stdio;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** What a child printed before it said HELLO, for people. */
final class Noise {
  private static final int SHOWN_CHARACTERS = 200;

  private Noise() {}

  /**
   * Its beginning in quotes, on one line, or {@code nothing}.
   *
   * @param bytes the beginning, which is not consumed
   * @param total how many bytes there were in all
   */
  static String show(ByteBuffer bytes, long total) {
    String text = StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    String plain = text.replaceAll("\\p{Cntrl}", " ").strip();
    if (plain.isEmpty() && total == 0) {
      return "nothing";
    }
    boolean isLong = plain.codePointCount(0, plain.length()) > SHOWN_CHARACTERS;
    String shown =
        isLong ? plain.substring(0, plain.offsetByCodePoints(0, SHOWN_CHARACTERS)) : plain;
    boolean isWhole = !isLong && total <= bytes.remaining();
    return '"' + shown + (isWhole ? "" : " ...") + '"';
  }
}
