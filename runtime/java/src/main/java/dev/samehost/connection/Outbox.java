package dev.samehost.connection;

import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;

/**
 * The sending half of a stream: its credit, and what waits to be written, in the order of the wire:
 * headers, messages, then the end. {@link Outbound} takes it away frame by frame.
 */
public final class Outbox {
  /** What a frame with message bytes costs besides them. */
  static final int FRAME_COST = 16;

  /** How many bytes of what an opener has sent may be kept, to be sent once more. */
  public static final int KEPT_BYTES = 1 << 20;

  /** A message that waits; what was written of it is behind its position. */
  static final class Waiting {
    final ByteBuffer bytes;
    final boolean compressed;
    boolean begun;
    private Waiting next;

    Waiting(ByteBuffer bytes, boolean compressed) {
      this.bytes = bytes;
      this.compressed = compressed;
    }
  }

  /** A status that waits. */
  static final class Ending {
    final int code;
    final byte[] text;
    final MetadataBlock trailers;

    Ending(int code, byte[] text, MetadataBlock trailers) {
      this.code = code;
      this.text = text;
      this.trailers = trailers;
    }
  }

  /** How many bytes may be sent, costs of frames included. */
  long credit;

  /** Response headers that wait, or null. */
  MetadataBlock headers;

  /** Whether headers were ever given. */
  boolean hadHeaders;

  /** Whether a half-close or a status was given: nothing can follow. */
  boolean ended;

  /** Whether a half-close waits. */
  boolean halfClose;

  /** The status that waits, or null. */
  Ending status;

  /** The stream is ready while fewer bytes than this wait; 0 for the connection's number. */
  int readyBytes;

  /** Whether the stream was left not ready, so that it is told when it is again. */
  boolean stalled;

  /** Whether the stream stands in the round robin. */
  boolean scheduled;

  private Waiting first;
  private Waiting last;
  private long waitingBytes;

  Outbox(int credit) {
    this.credit = credit;
  }

  /** Whether a message may be kept; it began at 0, wherever its position is by now. */
  static boolean mayKeep(ByteBuffer message) {
    return message.limit() <= KEPT_BYTES;
  }

  void add(ByteBuffer message, boolean compressed) {
    Waiting waiting = new Waiting(message, compressed);
    if (first == null) {
      first = waiting;
    } else {
      last.next = waiting;
    }
    last = waiting;
    // Empty messages count too, or any number of them would pass for none.
    waitingBytes += FRAME_COST + message.remaining();
  }

  /** The message whose turn it is, or null. */
  Waiting message() {
    return first;
  }

  /** Whether no message waits behind this one. */
  boolean isLast(Waiting message) {
    return message == last;
  }

  /** Whether there is one message and nothing of it is written. */
  boolean hasOneWhole() {
    return first != null && first == last && !first.begun;
  }

  /** So many bytes of the first message were written, as one frame. */
  void written(int bytes) {
    credit -= FRAME_COST + bytes;
    waitingBytes -= bytes;
    first.begun = true;
    if (!first.bytes.hasRemaining()) {
      waitingBytes -= FRAME_COST;
      first = first.next;
    }
  }

  /** The bytes of all messages that wait, and {@link #FRAME_COST} for each. */
  long waitingBytes() {
    return waitingBytes;
  }

  /** The credit spent on a message that never waited here. */
  void spend(int messageBytes) {
    credit -= FRAME_COST + messageBytes;
  }

  /** Whether a frame with so many message bytes is within the credit. */
  boolean affords(int messageBytes) {
    return credit >= (long) FRAME_COST + messageBytes;
  }

  void clear() {
    headers = null;
    halfClose = false;
    status = null;
    first = null;
    last = null;
    waitingBytes = 0;
  }
}
