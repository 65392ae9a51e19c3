package dev.samehost.call;

/**
 * One call on a {@link Connection}, which alone changes it. The driver reads it under the same lock
 * as the connection.
 */
@SuppressWarnings("DoNotCallSuggester")
final class Stream {
  /** The deadline of a call that has none. */
  static final long NO_DEADLINE = -1;

  /** Whatever the driver keeps with the stream. The connection never looks at it. */
  Object attachment;

  private final int id;
  private final boolean local;

  Stream(int id, boolean local) {
    this.id = id;
    this.local = local;
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
    throw new UnsupportedOperationException();
  }

  /** Whether response headers were sent (queued) or have arrived. */
  boolean hasHeaders() {
    throw new UnsupportedOperationException();
  }
}
