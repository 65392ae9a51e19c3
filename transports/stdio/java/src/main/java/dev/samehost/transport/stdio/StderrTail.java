package dev.samehost.transport.stdio;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * Cuts what a child writes to its standard error into lines, hands each on, and keeps the last
 * ones. It takes bounded memory, whatever the child writes, and does no I/O.
 */
final class StderrTail {
  /** How many lines are kept for errors: the trace of an exception and its message fit, mostly. */
  static final int LINES = 20;

  /** How many bytes of a line are kept and handed on; the rest of it is dropped. */
  static final int LINE_BYTES = 1024;

  private final Consumer<String> consumer;
  private final byte[] line = new byte[LINE_BYTES];
  private int length;

  /** The rest of the line is dropped. */
  private boolean full;

  private final Deque<String> last = new ArrayDeque<>();

  StderrTail(Consumer<String> consumer) {
    this.consumer = consumer;
  }

  /** Takes further bytes. Called by one thread. */
  void take(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      byte next = bytes.get();
      if (next == '\n') {
        endLine();
      } else if (length < LINE_BYTES && !full) {
        line[length++] = next;
      } else if (!full) {
        full = true;
        cut(next);
      }
    }
  }

  /** Takes the beginning of a character away whose rest begins with this byte. */
  private void cut(byte next) {
    if (isWithin(next)) {
      int most = length - 3;
      while (length > most && isWithin(line[length - 1])) {
        length--;
      }
      length--;
    }
  }

  /** Whether a byte goes on with a character that another one began. */
  private static boolean isWithin(byte of) {
    return (of & 0xC0) == 0x80;
  }

  /** The last line need not have an end. */
  void end() {
    if (length > 0) {
      endLine();
    }
  }

  private void endLine() {
    String text = new String(line, 0, length, StandardCharsets.UTF_8);
    length = 0;
    full = false;
    if (text.endsWith("\r")) {
      text = text.substring(0, text.length() - 1);
    }
    synchronized (last) {
      if (last.size() == LINES) {
        last.removeFirst();
      }
      last.addLast(text);
    }
    consumer.accept(text);
  }

  /** The last lines, for people. */
  String text() {
    synchronized (last) {
      return last.isEmpty() ? "nothing" : String.join("\n", last);
    }
  }
}
