package dev.samehost.connection;

import dev.samehost.wire.MetadataBlock;

/**
 * One call on a {@link Connection}, which alone changes it. The driver reads it under the same lock
 * as the connection.
 */
public final class Stream {
  /** The deadline of a call that has none. */
  public static final long NO_DEADLINE = -1;

  /** What waits to be written. */
  final Outbox outbox;

  /** What has arrived. */
  final Inbox inbox;

  /** The metadata by which the peer names its compression: the call's or the response headers. */
  MetadataBlock peerMetadata;

  /** Of the peer's: it is over on the wire, and not yet for whoever serves it. */
  boolean lingers;

  private final int id;
  private final boolean local;
  private StreamState state = StreamState.OPEN;
  private Object attachment;

  Stream(int id, boolean local, int outCredit, int inCredit) {
    this.id = id;
    this.local = local;
    outbox = new Outbox(outCredit);
    inbox = new Inbox(this, inCredit);
  }

  /** Whatever the driver keeps with the stream. The connection never looks at it. */
  public Object attachment() {
    return attachment;
  }

  /** Has this kept with the stream. */
  public void attach(Object kept) {
    attachment = kept;
  }

  /** The id on the wire, unsigned; 0 when the call failed before it had one. */
  int id() {
    return id;
  }

  /** Whether this side opened it, that is, is the client of the call. */
  boolean isLocal() {
    return local;
  }

  /** Where it stands on the wire. */
  StreamState state() {
    return state;
  }

  /** Whether it is over on the wire. */
  boolean isClosed() {
    return state == StreamState.CLOSED;
  }

  /** Whether response headers were given here, or have arrived. */
  boolean hasHeaders() {
    return local ? peerMetadata != null : outbox.hadHeaders;
  }

  void to(StreamState next) {
    state = state.to(next);
  }

  @Override
  public String toString() {
    return "stream " + Integer.toUnsignedString(id) + " " + state;
  }
}
