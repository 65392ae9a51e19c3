package dev.samehost.call;

import dev.samehost.connection.Connection;
import dev.samehost.connection.Outbox;
import dev.samehost.connection.Stream;
import dev.samehost.wire.MetadataBlock;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * What a call sends and asks for: its metadata, its messages, its half-close, how many answers it
 * wants. It is pushed to a stream as far as it goes, and kept, within a bound, until somebody has
 * seen the call, so that it can be pushed once more to another stream. Used under the call's lock.
 */
final class Request {
  /** A message, and the one behind it. The stream that it is pushed to moves its position. */
  private static final class Piece {
    private final ByteBuffer bytes;
    private final int start;
    private final boolean compressed;
    private Piece next;

    private Piece(ByteBuffer bytes, boolean compressed) {
      this.bytes = bytes;
      this.start = bytes.position();
      this.compressed = compressed;
    }
  }

  private static final VarHandle WANTED = VarHandles.of(Request.class, "wanted", long.class);

  private final String path;
  private MetadataBlock metadata = MetadataBlock.EMPTY;
  private Piece first; // that is kept, or null
  private Piece last;
  private Piece unpushed; // the first one that was not pushed, or null
  private long pushedBytes;
  private boolean halfClosed;
  private boolean endPushed;
  private volatile long wanted;
  private long wantedPushed;
  private boolean kept = true;

  Request(String path) {
    this.path = path;
  }

  void metadata(MetadataBlock block) {
    metadata = block;
  }

  void add(ByteBuffer message, boolean compressed) {
    Piece piece = new Piece(message, compressed);
    if (first == null) {
      first = piece;
    } else {
      last.next = piece;
    }
    last = piece;
    unpushed = unpushed == null ? piece : unpushed;
  }

  void halfClose() {
    halfClosed = true;
  }

  boolean isHalfClosed() {
    return halfClosed;
  }

  /**
   * So many more answers are wanted. From any thread, without the lock: it is a full fence, so that
   * who looks behind it at whether the call has left, and who lets it leave and then looks at what
   * is wanted, cannot both miss the other.
   */
  void want(int count) {
    WANTED.getAndAdd(this, (long) count);
  }

  /** Opens a stream with all of this that there is. */
  Stream open(Connection connection, long deadlineNanos, Object attachment) {
    ByteBuffer bytes = null;
    boolean compressed = false;
    if (unpushed != null) {
      bytes = unpushed.bytes;
      compressed = unpushed.compressed;
      pushedBytes = bytes.remaining();
      unpushed = unpushed.next;
    }
    endPushed = halfClosed && unpushed == null;
    Stream stream =
        connection.open(attachment, path, metadata, deadlineNanos, bytes, compressed, endPushed);
    push(connection, stream, false);
    return stream;
  }

  /**
   * Sends what was added since the last time.
   *
   * @param seen whether the call was seen, so that nothing has to be kept
   */
  void push(Connection connection, Stream stream, boolean seen) {
    long more;
    while ((more = wanted - wantedPushed) > 0) {
      int count = (int) Math.min(Integer.MAX_VALUE, more);
      wantedPushed += count;
      connection.request(stream, count);
    }
    while (unpushed != null) {
      Piece next = unpushed;
      unpushed = next.next;
      pushedBytes += next.bytes.remaining();
      boolean end = halfClosed && unpushed == null;
      connection.sendMessage(stream, next.bytes, next.compressed, end);
      endPushed |= end;
    }
    if (halfClosed && !endPushed) {
      endPushed = true;
      connection.halfClose(stream);
    }
    if (seen || pushedBytes > Outbox.KEPT_BYTES) {
      drop();
    }
  }

  /** Forgets what was pushed, which is all there is: it cannot be pushed again. */
  private void drop() {
    first = null;
    last = null;
    pushedBytes = 0;
    kept = false;
  }

  /**
   * Goes back to the beginning, for another stream; the last one is over, and sends no more.
   *
   * @return false when something was dropped already
   */
  boolean rewind() {
    for (Piece piece = first; piece != null; piece = piece.next) {
      piece.bytes.position(piece.start);
    }
    unpushed = first;
    pushedBytes = 0;
    endPushed = false;
    wantedPushed = 0;
    return kept;
  }
}
