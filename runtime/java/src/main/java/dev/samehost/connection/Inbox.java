package dev.samehost.connection;

import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.WireException;
import java.nio.ByteBuffer;

/**
 * The receiving half of a stream: gathers pieces to messages, hands messages over as they are
 * requested, and reckons the credit that goes back. It holds no more than the peer's credit allows
 * of what was not requested, and no more memory for a message than about twice what has arrived of
 * it.
 */
final class Inbox {
  /** A message that was not requested yet, and what its pieces cost. */
  private static final class Held {
    final Event.Message message;
    final long cost;
    Held next;

    Held(Event.Message message, long cost) {
      this.message = message;
      this.cost = cost;
    }
  }

  private final Stream stream;
  private final int initialCredit;

  /** What the peer may still send. */
  private long credit;

  /** What was spent on requested messages and has not gone back. */
  private long owed;

  /** What was spent on the message that arrives, while it is not requested. */
  private long heldBack;

  /** Messages that are wanted beyond those that were handed over. */
  private long requested;

  private Held first;
  private Held last;

  /** The message that arrives in pieces, or null, and its last piece. */
  private Pieces begun;

  private Pieces lastPiece;

  private long toCome;
  private boolean compressed;

  /** The half-close, the status or what came in its place, which waits behind the messages. */
  private Event ending;

  /** Whether the peer sends no more, so that it needs no credit. */
  private boolean ended;

  Inbox(Stream stream, int initialCredit) {
    this.stream = stream;
    this.initialCredit = initialCredit;
    credit = initialCredit;
  }

  /** Whether a message is incomplete. */
  boolean isInsideMessage() {
    return begun != null;
  }

  /**
   * Takes the message that was not requested, where there is one, and the end that is behind it or
   * comes next. Null where there is none, or more.
   */
  Event.Message takeWhole() {
    if (first == null || first != last) {
      return null;
    }
    Event.Message whole = first.message;
    clear();
    return whole;
  }

  /** How many messages are wanted beyond those that were handed over. */
  long requested() {
    return requested;
  }

  /** How many bytes of the message are still to come. */
  long toCome() {
    return toCome;
  }

  /** Spends credit on a frame with so many message bytes. */
  void spend(int messageBytes) throws WireException {
    checkCredit(messageBytes, credit, stream.id());
    long cost = (long) Outbox.FRAME_COST + messageBytes;
    credit -= cost;
    if (requested > 0) {
      owed += cost;
    } else {
      heldBack += cost;
    }
  }

  static void checkCredit(int messageBytes, long credit, int stream) throws WireException {
    if ((long) Outbox.FRAME_COST + messageBytes > credit) {
      throw new WireException(
          GoAwayCode.FLOW_CONTROL_ERROR,
          "a frame with "
              + messageBytes
              + " message bytes on stream "
              + Integer.toUnsignedString(stream)
              + ", which has a credit of "
              + credit);
    }
  }

  /**
   * Takes a message, or a piece of one, that was spent for.
   *
   * @param owned whether the bytes may be kept as they are
   * @param after how many bytes of the message follow
   */
  void take(ByteBuffer bytes, boolean owned, boolean isCompressed, long after, Event.Sink events) {
    if (begun == null) {
      compressed = isCompressed;
      begun = Pieces.take(bytes, owned, after);
      lastPiece = begun;
    } else {
      lastPiece = lastPiece.add(bytes, owned, after);
    }
    toCome = after;
    if (after == 0) {
      Pieces whole = begun;
      begun = null;
      lastPiece = null;
      complete(whole, events);
    }
  }

  private void complete(Pieces bytes, Event.Sink events) {
    Event.Message message = new Event.Message(stream, bytes, compressed);
    if (requested > 0) {
      requested--;
      events.take(message);
      return;
    }
    Held held = new Held(message, heldBack);
    heldBack = 0;
    if (first == null) {
      first = held;
    } else {
      last.next = held;
    }
    last = held;
  }

  /** The peer sends nothing more; the event follows the last message, unless all was taken. */
  void end(Event event, Event.Sink events) {
    if (!ended) {
      ended = true;
      ending = event;
      handOverEnding(events);
    }
  }

  /** As {@link #end}, be it in the middle of a message, which is dropped. */
  void cutOff(Event event, Event.Sink events) {
    begun = null;
    lastPiece = null;
    end(event, events);
  }

  private void handOverEnding(Event.Sink events) {
    if (ending != null && first == null) {
      events.take(ending);
      ending = null;
    }
  }

  /** So many more messages are wanted. */
  void request(int messages, Event.Sink events) {
    requested += messages;
    while (requested > 0 && first != null) {
      requested--;
      owed += first.cost;
      events.take(first.message);
      first = first.next;
    }
    if (requested > 0) {
      owed += heldBack;
      heldBack = 0;
    }
    handOverEnding(events);
  }

  /** The credit that goes back now, 0 while it is less than half of the initial one. */
  int takeCredit() {
    if (ended || owed < initialCredit / 2) {
      return 0;
    }
    int back = (int) owed;
    credit += owed;
    owed = 0;
    return back;
  }

  /** Drops what was not handed over. */
  void clear() {
    first = null;
    last = null;
    begun = null;
    lastPiece = null;
    ending = null;
    ended = true;
  }
}
