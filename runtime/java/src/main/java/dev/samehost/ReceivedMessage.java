package dev.samehost;

import dev.samehost.connection.Pieces;
import io.grpc.Detachable;
import io.grpc.KnownLength;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * What a marshaller reads: the pieces one after the other. As {@link java.io.ByteArrayInputStream},
 * but for one thread. What it has read is gone when it is closed: who wants to read on later
 * detaches it.
 */
final class ReceivedMessage extends InputStream implements KnownLength, Detachable {
  private static final Pieces NOTHING = Pieces.of(ByteBuffer.allocate(0));

  private Pieces whole; // null once it is closed
  private Pieces rest;
  private byte[] bytes;
  private int position;
  private int end; // of this piece
  private int after; // how many bytes the pieces behind it have
  private Pieces marked;
  private int markedPosition;
  private int markedAvailable;

  ReceivedMessage(Pieces message) {
    whole = message;
    goOnWith(message, message.bytes().position(), message.size());
    mark(0);
  }

  /** Goes on at a position of a piece, from which so many bytes follow in all. */
  private void goOnWith(Pieces piece, int from, int available) {
    ByteBuffer buffer = piece.bytes();
    rest = piece;
    bytes = buffer.array();
    position = buffer.arrayOffset() + from;
    end = buffer.arrayOffset() + buffer.limit();
    after = available - (end - position);
  }

  /** Whether there is a byte at the position, of the next piece where this one is at its end. */
  private boolean hasMore() {
    while (position == end && after > 0) {
      goOnWith(rest.next(), rest.next().bytes().position(), after);
    }
    return position < end;
  }

  @Override
  public int read() {
    return hasMore() ? bytes[position++] & 0xFF : -1;
  }

  @Override
  public int read(byte[] to, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, to.length);
    if (length == 0) {
      return 0;
    }
    int count = 0;
    while (count < length && hasMore()) {
      int some = Math.min(length - count, end - position);
      System.arraycopy(bytes, position, to, offset + count, some);
      position += some;
      count += some;
    }
    return count == 0 ? -1 : count;
  }

  @Override
  public long skip(long most) {
    long skipped = 0;
    while (skipped < most && hasMore()) {
      int some = (int) Math.min(most - skipped, end - position);
      position += some;
      skipped += some;
    }
    return skipped;
  }

  @Override
  public int available() {
    return end - position + after;
  }

  @Override
  public InputStream detach() {
    if (whole == null) {
      throw new IllegalStateException("the message was closed, or detached");
    }
    ReceivedMessage detached = new ReceivedMessage(whole);
    detached.goOnWith(rest, position - rest.bytes().arrayOffset(), available());
    detached.mark(0);
    end();
    return detached;
  }

  @Override
  public void close() {
    if (whole != null) {
      whole.release();
      end();
    }
  }

  private void end() {
    whole = null;
    goOnWith(NOTHING, 0, 0);
    mark(0);
  }

  @Override
  public boolean markSupported() {
    return true;
  }

  @Override
  public void mark(int readLimit) {
    marked = rest;
    markedPosition = position - rest.bytes().arrayOffset();
    markedAvailable = available();
  }

  @Override
  public void reset() {
    goOnWith(marked, markedPosition, markedAvailable);
  }
}
