package dev.samehost.call;

import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What a call sends and asks for: its metadata, its messages, its half-close, how many answers it
 * wants. It is pushed to a stream as far as it goes, and kept, within a bound, until somebody has
 * seen the call, so that it can be pushed once more to another stream. Used under the call's lock.
 */
final class Request {
  /** How many bytes of messages are kept of what was sent. */
  private static final int KEPT_BYTES = 1 << 20;

  private record Piece(ByteBuffer bytes, boolean compressed) {}

  private final String path;
  private MetadataBlock metadata = MetadataBlock.EMPTY;
  private final List<Piece> messages = new ArrayList<>(1);
  private int pushed;
  private long pushedBytes;
  private boolean halfClosed;
  private boolean endPushed;
  private long wanted;
  private long wantedPushed;
  private boolean kept = true;

  Request(String path) {
    this.path = path;
  }

  void metadata(MetadataBlock block) {
    metadata = block;
  }

  void add(ByteBuffer message, boolean compressed) {
    messages.add(new Piece(message, compressed));
  }

  void halfClose() {
    halfClosed = true;
  }

  boolean isHalfClosed() {
    return halfClosed;
  }

  void want(int count) {
    wanted += count;
  }

  /** Opens a stream with all of this that there is. */
  Stream open(Connection connection, long deadlineNanos, Object attachment) {
    ByteBuffer bytes = null;
    boolean compressed = false;
    if (!messages.isEmpty()) {
      Piece first = messages.get(0);
      bytes = first.bytes().duplicate();
      compressed = first.compressed();
      pushed = 1;
      pushedBytes = bytes.remaining();
    }
    endPushed = halfClosed && messages.size() <= 1;
    Stream stream = connection.open(path, metadata, deadlineNanos, bytes, compressed, endPushed);
    stream.attachment = attachment;
    push(connection, stream);
    return stream;
  }

  /** Sends what was added since the last time. */
  void push(Connection connection, Stream stream) {
    while (wanted > wantedPushed) {
      int count = (int) Math.min(Integer.MAX_VALUE, wanted - wantedPushed);
      wantedPushed += count;
      connection.request(stream, count);
    }
    while (pushed < messages.size()) {
      Piece next = messages.get(pushed++);
      pushedBytes += next.bytes().remaining();
      boolean last = halfClosed && pushed == messages.size();
      connection.sendMessage(stream, next.bytes().duplicate(), next.compressed(), last);
      endPushed |= last;
    }
    if (halfClosed && !endPushed) {
      endPushed = true;
      connection.halfClose(stream);
    }
    if (pushedBytes > KEPT_BYTES) {
      drop();
    }
  }

  /** Forgets what was pushed: it cannot be pushed again. */
  void drop() {
    messages.subList(0, pushed).clear();
    pushed = 0;
    pushedBytes = 0;
    kept = false;
  }

  /**
   * Goes back to the beginning, for another stream.
   *
   * @return false when something was dropped already
   */
  boolean rewind() {
    pushed = 0;
    pushedBytes = 0;
    endPushed = false;
    wantedPushed = 0;
    return kept;
  }
}
