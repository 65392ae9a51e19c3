package dev.samehost.call;

import dev.samehost.connection.Pieces;
import dev.samehost.wire.MetadataBlock;

/** Is told of the answer: one call at a time, in order, on the call's executor. */
public interface ClientStreamListener {
  /** The response headers; at most once, before all messages. */
  void onHeaders(MetadataBlock headers);

  /** A message that was requested. The bytes are the listener's. */
  void onMessage(Pieces message, boolean compressed);

  /** The call takes messages (again) without queueing more than it should. */
  void onReady();

  /** The end. Nothing follows. */
  void onClose(Outcome outcome);
}
