package dev.samehost.connection;

import dev.samehost.transport.Code;
import dev.samehost.wire.Flags;
import dev.samehost.wire.FrameWriter;
import dev.samehost.wire.Hello;
import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * The sending half of a connection: takes frames from the streams, round robin, as far as their
 * credit and the room in the link's queue go. It knows what fits, not what is allowed.
 */
final class Outbound {
  final FrameWriter frames;

  private final int room;
  private final int readyBytes;
  private final int pieceBytes;
  private final Streams streams;
  private final Event.Sink events;

  /** Streams that may have something to write. Empty where they have their turns. */
  private final ArrayDeque<Stream> turns = new ArrayDeque<>();

  private int maxFrame;
  private int maxPiece;

  Outbound(Settings settings, int bulkBytes, Streams streams, Event.Sink events) {
    frames = new FrameWriter(bulkBytes);
    room = settings.outboundBytes() / 4;
    readyBytes = settings.readyBytes();
    pieceBytes = settings.pieceBytes();
    this.streams = streams;
    this.events = events;
  }

  void peerSaidHello(Hello peer) {
    maxFrame = peer.maxFrameBytes();
    maxPiece = Math.min(maxFrame, pieceBytes);
  }

  /** Whether messages and new streams may join the queue. */
  boolean hasRoom() {
    return frames.pending() < room;
  }

  /** Whether the streams that have something to write have their turns now. */
  private boolean hasTurns() {
    return hasRoom() && !frames.hasBulk();
  }

  /** How many bytes of metadata fit a frame that has {@code others} besides. */
  int roomForMetadata(int others) {
    return maxFrame - others;
  }

  /** Whether a message may travel in a frame that has {@code others} besides. */
  boolean fitsWhole(Outbox box, ByteBuffer message, int others) {
    return (long) others + message.remaining() <= maxPiece && box.affords(message.remaining());
  }

  boolean isReady(Stream stream) {
    Outbox box = stream.outbox;
    return box.waitingBytes() < (box.readyBytes > 0 ? box.readyBytes : readyBytes);
  }

  /** Remembers a stream that is not ready after all was written that could be. */
  void noteStalled(Stream stream) {
    stream.outbox.stalled |= !isReady(stream);
  }

  /** The stream has something to write, or may go on: it does so at once where there is room. */
  void schedule(Stream stream) {
    if (!stream.outbox.scheduled && (!hasTurns() || writeNext(stream))) {
      await(stream);
    }
  }

  private void await(Stream stream) {
    stream.outbox.scheduled = true;
    turns.add(stream);
  }

  /** Moves frames from the streams to the link's queue while there is room. */
  void fill() {
    while (hasTurns()) {
      Stream stream = turns.poll();
      if (stream == null) {
        return;
      }
      stream.outbox.scheduled = false;
      if (!stream.isClosed() && writeNext(stream)) {
        await(stream);
      }
    }
  }

  /** Writes the next frame of a stream; answers false when it waits for credit or has none. */
  private boolean writeNext(Stream stream) {
    Outbox box = stream.outbox;
    Outbox.Waiting message = box.message();
    if (box.status != null && (message == null || box.hasOneWhole()) && writeStatus(stream)) {
      return false;
    }
    if (box.headers != null) {
      frames.headers(stream.id(), box.headers);
      box.headers = null;
      return true;
    }
    if (message != null) {
      return writePiece(stream, message);
    }
    if (box.halfClose) {
      frames.halfClose(stream.id());
      halfClosed(stream);
    }
    return false;
  }

  private boolean writePiece(Stream stream, Outbox.Waiting message) {
    Outbox box = stream.outbox;
    int whole = message.bytes.remaining();
    int length = (int) Math.min(Math.min(whole, maxPiece), box.credit - Outbox.FRAME_COST);
    if (length < 0 || (length == 0 && whole > 0)) {
      return false;
    }
    int flags = message.compressed && !message.begun ? Flags.COMPRESSED : 0;
    frames.message(
        stream.id(), flags | endFlag(box, message, length == whole), message.bytes, length);
    box.written(length);
    if (length == whole && !(stream.isLocal() && Outbox.mayKeep(message.bytes))) {
      frames.giveBack(message.bytes);
    }
    if (box.halfClose && box.message() == null) {
      halfClosed(stream);
    }
    if (box.stalled && !box.ended && isReady(stream)) {
      box.stalled = false;
      events.take(new Event.Ready(stream));
    }
    return true;
  }

  private static int endFlag(Outbox box, Outbox.Waiting message, boolean isLastPiece) {
    return isLastPiece && box.halfClose && box.isLast(message) ? Flags.END : 0;
  }

  void halfClosed(Stream stream) {
    stream.outbox.halfClose = false;
    stream.to(StreamState.HALF_CLOSED);
  }

  /** Writes the status with all that waits before it, when that fits one frame. */
  private boolean writeStatus(Stream stream) {
    Outbox box = stream.outbox;
    Outbox.Ending status = box.status;
    int others = FrameWriter.statusLength(box.headers, status.text, status.trailers);
    Outbox.Waiting waiting = box.message();
    ByteBuffer message = waiting == null ? null : waiting.bytes;
    if (message == null ? others > maxFrame : !fitsWhole(box, message, others)) {
      if (message != null || box.headers != null) {
        return false;
      }
      throw new IllegalStateException("a STATUS of " + others + " bytes");
    }
    int flags = message != null && waiting.compressed ? Flags.COMPRESSED : 0;
    frames.status(
        stream.id(), flags, status.code, box.headers, status.text, status.trailers, message);
    stream.to(StreamState.CLOSED);
    streams.remove(stream);
    box.clear();
    events.take(new Event.Finished(stream));
    return true;
  }

  void open(
      Stream stream,
      int word,
      byte[] path,
      long deadlineNanos,
      MetadataBlock metadata,
      ByteBuffer message,
      boolean compressed,
      boolean end) {
    Outbox box = stream.outbox;
    int others = FrameWriter.openLength(path, deadlineNanos >= 0, metadata);
    boolean carries = message != null && fitsWhole(box, message, others);
    boolean ends = end && (carries || message == null);
    int flags = (ends ? Flags.END : 0) | (carries && compressed ? Flags.COMPRESSED : 0);
    if (carries) {
      box.spend(message.remaining());
    }
    frames.open(stream.id(), flags, word, path, deadlineNanos, metadata, carries ? message : null);
    if (ends) {
      halfClosed(stream);
    } else if (message != null && !carries) {
      box.add(message, compressed);
      box.halfClose = end;
      schedule(stream);
    }
  }

  void reset(Stream stream, int flags, Code code, String text) {
    frames.reset(stream.id(), flags, number(code), text);
  }

  @SuppressWarnings("EnumOrdinal") // Code says that its ordinals are gRPC's numbers.
  static int number(Code code) {
    return code.ordinal();
  }
}
