package dev.samehost.transport.fifo;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/** The lines that were read from the rendezvous. What is longer than a record is let go. */
final class Lines {
  /**
   * A line without its end, or the beginning of one.
   *
   * @param whole whether it is a line, and not too long for a record
   */
  record Line(ByteBuffer bytes, boolean whole) {}

  private final ByteArrayOutputStream current = new ByteArrayOutputStream();
  private final Deque<Line> lines = new ArrayDeque<>();

  /** The current line is too long, and its beginning was told. */
  private boolean tooLong;

  /** Takes what was read. */
  void add(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      byte next = bytes.get();
      if (next == '\n') {
        end(true);
        tooLong = false;
      } else if (!tooLong) {
        current.write(next);
        tooLong = current.size() > Names.RECORD_LIMIT;
        if (tooLong) {
          end(false);
        }
      }
    }
  }

  private void end(boolean whole) {
    if (current.size() > 0) {
      lines.add(new Line(ByteBuffer.wrap(current.toByteArray()), whole));
      current.reset();
    }
  }

  /** Whether there is a next line by now. */
  boolean hasNext() {
    return !lines.isEmpty();
  }

  /** The next line that is not empty; null when there is none yet. */
  Line next() {
    return lines.poll();
  }
}
